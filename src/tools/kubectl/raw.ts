import { getObject } from '../../model/apiserver/object-store.ts'
import { apiVersionOf, resourceOf, RESOURCES } from '../../model/apiserver/resources.ts'
import { notFound } from '../../model/apiserver/status-errors.ts'
import type { ToolResult } from '../contract.ts'
import { compactJson } from '../json-text.ts'
import { withKind } from './output.ts'
import { listSorted } from './resource-args.ts'
import { kubeletEndpoint } from '../kubelet-api.ts'
import { done, failed, type Kube } from './verb.ts'

/** `kubectl get --raw PATH` (and `kubectl proxy`): objects, lists, health, version, a node's kubelet by proxy. */
export function rawGet(kube: Kube, path: string): ToolResult {
  const answer = rawPath(kube, path)
  return answer.code === 200
    ? done(answer.text)
    : failed(`Error from server (${answer.code === 404 ? 'NotFound' : 'ServiceUnavailable'}): ${answer.text}`)
}

export function rawPath(
  kube: Pick<Kube, 'reader' | 'flags' | 'now'> & { namespace?: string },
  path: string,
): { code: number; text: string } {
  const [route = '/', query = ''] = path.split('?')
  const parameters = new Map(query.split('&').filter((p) => p !== '').map((p) => [p.split('=')[0]!, decodeURIComponent(p.split('=').slice(1).join('='))])) // prettier-ignore
  if (['/healthz', '/livez', '/readyz'].includes(route)) return { code: 200, text: 'ok' }
  if (route === '/version')
    return {
      code: 200,
      text: JSON.stringify(
        {
          major: '1',
          minor: '36',
          gitVersion: kube.reader.get('machines', 'control-plane')?.kubeletVersion ?? '',
          platform: 'linux/amd64',
        },
        null,
        2,
      ),
    }
  const proxied = /^\/api\/v1\/nodes\/([^/]+)\/proxy(\/.*)?$/.exec(route)
  if (proxied) {
    if (!kube.reader.get('nodes', proxied[1]!))
      return { code: 404, text: notFound(resourceOf('nodes')!, proxied[1]!).message }
    return kubeletEndpoint(kube.reader, proxied[1]!, proxied[2] ?? '/')
  }
  const match =
    /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))(?:\/namespaces\/([^/]+)(?=\/[^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(route)
  if (match) {
    const group = match[1] ? '' : match[2]!
    const resource = resourceOf(match[5]!, group)
    if (resource) {
      if (match[6]) {
        const object = getObject(kube.reader, resource, match[4], match[6])
        return object
          ? { code: 200, text: `${compactJson(withKind({ resource, object }))}\n` }
          : { code: 404, text: notFound(resource, match[6]).message }
      }
      const items = listSorted(
        kube as Kube,
        resource,
        match[4],
        parameters.get('labelSelector'),
        parameters.get('fieldSelector'),
      )
      const version = String(kube.reader.get('counters', 'resourceVersion')?.value ?? 0)
      return {
        code: 200,
        text: `${compactJson({ apiVersion: apiVersionOf(resource), kind: `${resource.kind}List`, metadata: { resourceVersion: version }, items })}\n`,
      }
    }
  }
  if (route === '/api/v1') {
    const resources = RESOURCES.filter((r) => r.group === '').map((r) => ({
      name: r.resource,
      singularName: r.singular,
      namespaced: r.namespaced,
      kind: r.kind,
      shortNames: r.shortNames,
    }))
    return { code: 200, text: `${compactJson({ kind: 'APIResourceList', groupVersion: 'v1', resources })}\n` }
  }
  return { code: 404, text: 'the server could not find the requested resource' }
}
