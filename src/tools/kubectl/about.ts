import type { Event } from '../../model/apiserver/objects.ts'
import { apiVersionOf, resourceByName, resourceOf, RESOURCES } from '../../model/apiserver/resources.ts'
import { KUBECTL_TABLE, table, tabulateRow } from '../tabwriter.ts'
import { jsonText } from '../json-text.ts'
import { yamlText } from '../yaml-text.ts'
import type { ToolResult } from '../contract.ts'
import { KubectlError } from './flags.ts'
import { KUBECONFIG_PATH, kubeconfigText } from './kubeconfig.ts'
import { eventsRow } from './printers/kinds.ts'
import { completeResource, listSorted } from './resource-args.ts'
import { done, type Verb } from './verb.ts'
import { parseRfc3339 } from '../../sim/clock.ts'

const KUSTOMIZE = 'v5.8.0'

export const version: Verb = {
  name: 'version',
  summary: 'versions of client and server',
  usage: '[--client]',
  flags: { client: { takes: 'bool' }, output: { short: 'o', takes: 'value' } },
  run({ flags, reader }) {
    const version = reader.get('machines', 'control-plane')?.kubeletVersion ?? 'v1.36.0'
    const info = {
      major: '1',
      minor: '36',
      gitVersion: version,
      gitTreeState: 'clean',
      compiler: 'gc',
      platform: 'linux/amd64',
    }
    const whole = {
      clientVersion: info,
      kustomizeVersion: KUSTOMIZE,
      ...(flags.bool('client') ? {} : { serverVersion: info }),
    }
    if (flags.get('output') === 'json') return done(`${jsonText(whole, 2)}\n`)
    if (flags.get('output') === 'yaml') return done(yamlText(whole))
    return done(
      `Client Version: ${version}\nKustomize Version: ${KUSTOMIZE}\n${flags.bool('client') ? '' : `Server Version: ${version}\n`}`,
    )
  },
}

export const clusterInfo: Verb = {
  name: 'cluster-info',
  summary: 'addresses of the control plane',
  usage: '',
  flags: {},
  run: () =>
    done(
      "Kubernetes control plane is running at https://172.18.0.2:6443\nCoreDNS is running at https://172.18.0.2:6443/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy\n\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n",
    ),
}

export const config: Verb = {
  name: 'config',
  summary: 'the kubeconfig: view, current-context, get-contexts, set-context --current --namespace=...',
  usage: '(view|current-context|get-contexts|use-context|set-context)',
  flags: {
    current: { takes: 'bool' },
    minify: { takes: 'bool' },
    raw: { takes: 'bool' },
    output: { short: 'o', takes: 'value' },
    'no-headers': { takes: 'bool' },
    cluster: { takes: 'value' },
    user: { takes: 'value' },
  },
  complete: (words) =>
    words.length <= 1 ? ['view', 'current-context', 'get-contexts', 'use-context', 'set-context'] : [],
  run(kube) {
    const { args, flags, call } = kube
    const stored = call.files.read(KUBECONFIG_PATH) ?? kubeconfigText()
    switch (args[0]) {
      case 'view':
        return done(stored)
      case 'current-context':
        return done('nodeglass\n')
      case 'get-contexts': {
        const namespace = /^ {4}namespace: (\S+)$/m.exec(stored)?.[1] ?? ''
        return done(
          table(
            [
              ['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE'],
              ['*', 'nodeglass', 'nodeglass', 'nodeglass-admin', namespace],
            ],
            KUBECTL_TABLE,
          ),
        )
      }
      case 'use-context':
        if (args[1] !== 'nodeglass')
          throw new KubectlError(`error: no context exists with the name: "${args[1] ?? ''}"`)
        return done('Switched to context "nodeglass".\n')
      case 'set-context': {
        if (!flags.bool('current') && args[1] !== 'nodeglass')
          throw new KubectlError('not simulated here: more than one context; --current or nodeglass')
        if (!kube.explicitNamespace) return done('Context "nodeglass" modified.\n')
        return {
          out: 'Context "nodeglass" modified.\n',
          exit: 0,
          files: [{ path: KUBECONFIG_PATH, text: kubeconfigText(kube.namespace === '' ? undefined : kube.namespace) }],
        }
      }
      default:
        throw new KubectlError(
          `not simulated here: kubectl config ${args[0] ?? ''}; view, current-context, get-contexts and set-context work`,
        )
    }
  },
}

export const apiResources: Verb = {
  name: 'api-resources',
  summary: 'the resources that the server knows',
  usage: '',
  flags: {
    output: { short: 'o', takes: 'value' },
    namespaced: { takes: 'bool' },
    'api-group': { takes: 'value' },
    'no-headers': { takes: 'bool' },
    'sort-by': { takes: 'value' },
    verbs: { takes: 'value' },
    categories: { takes: 'value' },
  },
  run({ flags }) {
    const seen = new Set<string>()
    const rows = RESOURCES.filter((r) => {
      const key = `${r.resource}.${r.group}`
      if (seen.has(key)) return false
      seen.add(key)
      if (flags.has('namespaced') && r.namespaced !== flags.bool('namespaced')) return false
      if (flags.has('categories') && !r.categories.includes(flags.get('categories')!)) return false
      return !flags.has('api-group') || r.group === flags.get('api-group')
    })
    if (flags.get('output') === 'name')
      return done(rows.map((r) => `${r.resource}${r.group === '' ? '' : `.${r.group}`}\n`).join(''))
    const cells = rows.map((r) => [r.resource, r.shortNames.join(','), apiVersionOf(r), String(r.namespaced), r.kind])
    return done(
      table(
        flags.bool('no-headers') ? cells : [['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND'], ...cells],
        KUBECTL_TABLE,
      ),
    )
  },
}

export const apiVersions: Verb = {
  name: 'api-versions',
  summary: 'the API versions that the server knows',
  usage: '',
  flags: {},
  run: () => done(`${[...new Set(RESOURCES.map(apiVersionOf))].sort().join('\n')}\n`),
}

/** Everyone here is cluster-admin; service accounts may do nothing, as in a fresh cluster. */
export const auth: Verb = {
  name: 'auth',
  summary: 'can-i and whoami',
  usage: 'can-i VERB TYPE | whoami',
  flags: {
    'all-namespaces': { short: 'A', takes: 'bool' },
    list: { takes: 'bool' },
    quiet: { short: 'q', takes: 'bool' },
    subresource: { takes: 'value' },
  },
  complete: (words) => (words.length <= 1 ? ['can-i', 'whoami'] : []),
  run({ args, flags }) {
    if (args[0] === 'whoami')
      return done(
        table(
          [
            ['ATTRIBUTE', 'VALUE'],
            ['Username', 'kubernetes-admin'],
            ['Groups', '[kubeadm:cluster-admins system:authenticated]'],
          ],
          KUBECTL_TABLE,
        ),
      )
    if (args[0] !== 'can-i')
      throw new KubectlError(`not simulated here: kubectl auth ${args[0] ?? ''}; can-i and whoami work`)
    if (args.length < 3 && !flags.bool('list'))
      throw new KubectlError(
        "error: you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
      )
    const known = resourceByName((args[2] ?? '').split('/')[0]!)
    return {
      out: flags.bool('quiet') ? '' : 'yes\n',
      err:
        known || (args[2] ?? '').startsWith('/') || args[2] === '*'
          ? ''
          : `Warning: the server doesn't have a resource type '${args[2]}'\n`,
      exit: 0,
    }
  },
}

/** metrics-server is no part of a kubeadm cluster. */
export const top: Verb = {
  name: 'top',
  summary: 'usage of nodes and pods (needs metrics-server, which is not installed here)',
  usage: '(nodes|pods)',
  flags: {
    'all-namespaces': { short: 'A', takes: 'bool' },
    containers: { takes: 'bool' },
    'sort-by': { takes: 'value' },
    selector: { short: 'l', takes: 'value' },
    'no-headers': { takes: 'bool' },
    'show-capacity': { takes: 'bool' },
  },
  complete: (words) => (words.length <= 1 ? ['nodes', 'pods'] : []),
  run: () => ({
    err: 'error: Metrics API not available\n# metrics-server is not installed in this cluster, as kubeadm leaves it; the Resources view and /sys/fs/cgroup show usage\n',
    exit: 1,
  }),
}

export const events: Verb = {
  name: 'events',
  summary: 'events, oldest first',
  usage: '[--for TYPE/NAME] [--types=Warning] [-A] [-w]',
  flags: {
    for: { takes: 'value' },
    types: { takes: 'list' },
    watch: { short: 'w', takes: 'bool' },
    'all-namespaces': { short: 'A', takes: 'bool' },
    'no-headers': { takes: 'bool' },
    output: { short: 'o', takes: 'value' },
  },
  complete: completeResource,
  run(kube): ToolResult {
    const { flags, call } = kube
    const all = flags.bool('all-namespaces')
    const [type, name] = (flags.get('for') ?? '').split('/')
    const kind = type ? resourceByName(type)?.kind : undefined
    const types = flags.list('types').flatMap((list) => list.split(',')).map((t) => t.toLowerCase()) // prettier-ignore
    const wanted = (e: Event) =>
      (!kind || (e.involvedObject.kind === kind && e.involvedObject.name === name)) &&
      (types.length === 0 || types.includes((e.type ?? '').toLowerCase()))
    const at = (e: Event) =>
      parseRfc3339(e.series?.lastObservedTime ?? e.lastTimestamp ?? e.eventTime ?? e.metadata.creationTimestamp)
    const list = (listSorted(kube, resourceOf('events')!, all ? undefined : kube.namespace) as unknown as Event[])
      .filter(wanted)
      .sort((a, b) => at(a) - at(b))
    const before = call.state as { seen: ReadonlyMap<string, string>; widths: number[] } | undefined
    const fresh = before ? list.filter((e) => before.seen.get(e.metadata.name) !== e.metadata.resourceVersion) : list
    const row = (e: Event) => [...(all ? [e.metadata.namespace ?? ''] : []), ...eventsRow(e, kube.now)]
    const header = [...(all ? ['NAMESPACE'] : []), 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']
    if (!flags.bool('watch')) {
      if (list.length === 0)
        return { err: all ? 'No events found.\n' : `No events found in ${kube.namespace} namespace.\n`, exit: 0 }
      return done(table(flags.bool('no-headers') ? list.map(row) : [header, ...list.map(row)], KUBECTL_TABLE))
    }
    if (call.interrupted) return { exit: 130 }
    const widths = [...(before?.widths ?? [])]
    const rows = [...(before || flags.bool('no-headers') ? [] : [header]), ...fresh.map(row)]
    for (const cells of rows) tabulateRow(cells, widths, KUBECTL_TABLE)
    return {
      out: rows.map((cells) => `${tabulateRow(cells, widths, KUBECTL_TABLE)}\n`).join(''),
      state: { seen: new Map(list.map((e) => [e.metadata.name, e.metadata.resourceVersion])), widths },
      wait: { tables: ['events'] },
    }
  },
}

/** Serves until it is stopped; curl to localhost:8001 asks the API server then. */
export const proxy: Verb = {
  name: 'proxy',
  summary: 'serve the API on 127.0.0.1:8001',
  usage: '[--port=8001] &',
  flags: { port: { short: 'p', takes: 'value' }, address: { takes: 'value' } },
  run({ call, flags }) {
    if (call.interrupted) return { exit: 130 }
    const out = call.state ? '' : `Starting to serve on 127.0.0.1:${flags.get('port') ?? '8001'}\n`
    return { out, state: 'serving', wait: { until: Number.MAX_SAFE_INTEGER } }
  },
}
