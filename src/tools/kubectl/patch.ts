import { parse as parseYaml } from 'yaml'
import type { KubeObject } from '../../model/apiserver/objects.ts'
import type { Container } from '../../model/apiserver/objects.ts'
import { changeObject, finish } from './change.ts'
import { KubectlError } from './flags.ts'
import { printObjects, withKind } from './output.ts'
import { completeResource, find, readResourceArgs, slashName } from './resource-args.ts'
import { yamlText } from '../yaml-text.ts'
import type { Verb } from './verb.ts'

export const patch: Verb = {
  name: 'patch',
  summary: 'change fields of an object',
  usage: '(TYPE NAME | TYPE/NAME) [--type=strategic|merge|json] -p PATCH',
  flags: {
    patch: { short: 'p', takes: 'value' },
    'patch-file': { takes: 'value' },
    type: { takes: 'value', choices: ['strategic', 'merge', 'json'] },
    subresource: { takes: 'value' },
    output: { short: 'o', takes: 'value' },
    'dry-run': { takes: 'optional' },
  },
  complete: completeResource,
  run(kube) {
    const { flags, call } = kube
    const text = flags.get('patch') ?? (flags.has('patch-file') ? call.files.read(flags.get('patch-file')!) : undefined)
    if (text === undefined)
      throw new KubectlError('error: must specify --patch or --patch-file containing the contents of the patch')
    const type = flags.get('type') ?? 'strategic'
    if (!['strategic', 'merge', 'json'].includes(type))
      throw new KubectlError(`error: --type must be one of [json merge strategic], not "${type}"`)
    let body: unknown
    try {
      body = parseYaml(text, { maxAliasCount: 100 })
    } catch (error) {
      throw new KubectlError(
        `error: unable to parse "${text}": yaml: ${error instanceof Error ? error.message.split('\n')[0] : ''}`,
      )
    }
    const { found, errors } = find(kube, readResourceArgs(kube.args, { allowAll: false, path: 'kubectl patch' }))
    return finish([
      ...errors.map((err) => ({ err })),
      ...found.map(({ resource, object }) => {
        const sub = flags.get('subresource')
        const result = changeObject(kube, resource, object, {
          patchType: type as 'merge',
          body: body as object as Record<string, unknown>,
          ...(sub ? { subresource: sub as 'status' } : {}),
        })
        if (result.err) return { err: result.err }
        const printed =
          flags.has('output') && result.object
            ? printObjects(flags.get('output')!, [{ resource, object: result.object }], { single: true, headers: true })
            : undefined
        return {
          out:
            printed ?? `${slashName(resource, object.metadata.name)} patched${result.changed ? '' : ' (no change)'}\n`,
          ...(result.request ? { request: result.request } : {}),
        }
      }),
    ])
  },
}

/** `kubectl set image`, `set resources`, `set env`: the pod template (or the pod) with one thing changed. */
export const set: Verb = {
  name: 'set',
  summary: 'set image, resources or env of a workload',
  usage: 'image|resources|env (TYPE NAME | TYPE/NAME) ...',
  flags: {
    all: { takes: 'bool' },
    selector: { short: 'l', takes: 'value' },
    limits: { takes: 'value' },
    requests: { takes: 'value' },
    containers: { short: 'c', takes: 'value' },
    env: { short: 'e', takes: 'list' },
    'dry-run': { takes: 'optional' },
  },
  complete: (words, reader, namespace) =>
    words.length <= 1 ? ['image', 'resources', 'env'] : completeResource(words.slice(1), reader, namespace),
  run(kube) {
    const [what, ...rest] = kube.args
    if (what !== 'image' && what !== 'resources' && what !== 'env')
      throw new KubectlError(`not simulated here: kubectl set ${what ?? ''}; image, resources and env work`)
    const pairs = rest.filter((arg) => /^[^/]*=/.test(arg) || (what === 'env' && /^[A-Z_]\w*-$/.test(arg)))
    const { found, errors } = find(kube, readResourceArgs(rest.filter((arg) => !pairs.includes(arg)), { allowAll: kube.flags.bool('all'), path: `kubectl set ${what}` })) // prettier-ignore
    if (what !== 'resources' && pairs.length + kube.flags.list('env').length === 0)
      throw new KubectlError(
        what === 'image'
          ? 'error: at least one image update is required'
          : 'error: at least one environment variable must be provided',
      )
    const only = kube.flags.get('containers')
    const change = (container: Container): Container => {
      if (only !== undefined && only !== '*' && only !== container.name) return container
      if (what === 'image') {
        const pair = pairs.find((p) => p.startsWith(`${container.name}=`) || p.startsWith('*='))
        return pair ? { ...container, image: pair.slice(pair.indexOf('=') + 1) } : container
      }
      if (what === 'env') {
        let env = container.env ?? []
        for (const pair of [...pairs, ...kube.flags.list('env')]) {
          const name = pair.endsWith('-') ? pair.slice(0, -1) : pair.slice(0, pair.indexOf('='))
          env = env.filter((e) => e.name !== name)
          if (!pair.endsWith('-')) env = [...env, { name, value: pair.slice(pair.indexOf('=') + 1) }]
        }
        return { ...container, env }
      }
      const list = (text: string | undefined) =>
        text === undefined
          ? undefined
          : Object.fromEntries(text.split(',').map((p) => p.split('=') as [string, string]))
      const limits = list(kube.flags.get('limits'))
      const requests = list(kube.flags.get('requests'))
      return {
        ...container,
        resources: {
          ...container.resources,
          ...(limits ? { limits: { ...container.resources?.limits, ...limits } } : {}),
          ...(requests ? { requests: { ...container.resources?.requests, ...requests } } : {}),
        },
      }
    }
    return finish([
      ...errors.map((err) => ({ err })),
      ...found.map(({ resource, object }) => {
        const spec = object.spec as { containers?: Container[]; template?: { spec: { containers: Container[] } } }
        const containers = spec.template?.spec.containers ?? spec.containers ?? []
        const unknown =
          what === 'image'
            ? pairs.find((p) => !p.startsWith('*=') && !containers.some((c) => p.startsWith(`${c.name}=`)))
            : undefined
        if (unknown) return { err: `error: unable to find container named "${unknown.split('=')[0]}"\n` }
        const changed = containers.map(change)
        const body = spec.template
          ? { spec: { template: { spec: { containers: changed } } } }
          : { spec: { containers: changed } }
        const result = changeObject(kube, resource, object as KubeObject, { patchType: 'strategic', body })
        if (result.err) return { err: result.err }
        if (!result.changed) return {}
        const word =
          what === 'image' ? 'image updated' : what === 'env' ? 'env updated' : 'resource requirements updated'
        return {
          out: `${slashName(resource, object.metadata.name)} ${word}\n`,
          ...(result.request ? { request: result.request } : {}),
        }
      }),
    ])
  },
}

/** In the page the editor opens on the object; elsewhere one line says so. */
export const edit: Verb = {
  name: 'edit',
  summary: 'open an object in the YAML editor',
  usage: '(TYPE NAME | TYPE/NAME)',
  flags: { output: { short: 'o', takes: 'value' }, filename: { short: 'f', takes: 'list' } },
  complete: completeResource,
  run(kube) {
    const { found, errors } = find(kube, readResourceArgs(kube.args, { allowAll: false, path: 'kubectl edit' }))
    if (errors.length > 0) return { err: errors.join(''), exit: 1 }
    const item = found[0]!
    const text = yamlText(withKind(item))
    return {
      err: `${slashName(item.resource, item.object.metadata.name)} is open in the YAML tab: change it there and apply. (Without a page: kubectl get -o yaml > f.yaml, edit it, kubectl apply -f f.yaml)\n`,
      effect: { kind: 'edit', text, name: `${item.resource.singular}-${item.object.metadata.name}.yaml` },
      exit: 0,
    }
  },
}
