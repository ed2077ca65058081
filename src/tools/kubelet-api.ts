import type { ModelReader } from '../model/tables.ts'
import { kubeletConfiguration } from './kubelet-config.ts'
import { compactJson } from './json-text.ts'

/** What a kubelet answers on 10250 to those who may ask, and on 10248 to everybody. */
export function kubeletEndpoint(reader: ModelReader, node: string, path: string): { code: number; text: string } {
  const kubelet = reader.get('kubelets', node)
  const machine = reader.get('machines', node)
  if (!kubelet?.running || machine?.cable === false || machine?.off) {
    return {
      code: 503,
      text: `error trying to reach service: dial tcp ${machine?.ip ?? node}:10250: connect: ${machine?.cable === false ? 'no route to host' : 'connection refused'}`,
    }
  }
  if (path === '/configz' || path === '/configz/')
    return { code: 200, text: JSON.stringify({ kubeletconfig: kubeletConfiguration(reader) }) }
  if (/^\/healthz(\/(ping|log|syncloop))?$/.test(path)) return { code: 200, text: 'ok' }
  if (path === '/pods' || path === '/pods/') {
    return {
      code: 200,
      text: `${compactJson({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: reader.by('pods', 'node', node) })}\n`,
    }
  }
  return { code: 404, text: `404 page not found (not simulated here: ${path}; /configz, /healthz and /pods are)` }
}
