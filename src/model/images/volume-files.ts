/**
 * What stands in the volumes of a pod: ConfigMaps, Secrets, the downward API, the token of its service account.
 * Upstream: pkg/volume/{configmap,secret,downwardapi,projected}, pkg/kubelet/configmap (the kubelet's copy of the object).
 */
import { textOfBase64 } from '../apiserver/base64.ts'
import type { DownwardAPIFile, KeyToPath, Pod, Volume } from '../apiserver/objects.ts'
import type { ModelReader } from '../tables.ts'

type Files = Record<string, string>

/** Of the object that the kubelet of the node last read; else of the API. Secrets are decoded. */
function dataOf(
  reader: ModelReader,
  node: string,
  resource: 'configmaps' | 'secrets',
  namespace: string,
  name: string,
): Files | undefined {
  const cached = reader.get('kubeletObjects', `${node}|${resource}|${namespace}/${name}`)?.data
  if (cached) return cached
  const data = reader.get(resource, `${namespace}/${name}`)?.data
  if (!data || resource === 'configmaps') return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, textOfBase64(value)]))
}

function pick(data: Files | undefined, items: readonly KeyToPath[] | undefined): Files {
  if (!data) return {}
  if (!items) return { ...data }
  return Object.fromEntries(items.filter((i) => i.key in data).map((i) => [i.path, data[i.key]!]))
}

const mapText = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map![key])}\n`)
    .join('')

function downward(pod: Pod, items: readonly DownwardAPIFile[]): Files {
  const files: Files = {}
  for (const { path, fieldRef } of items) {
    const field = fieldRef?.fieldPath ?? ''
    const { metadata } = pod
    const key = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(field)
    if (key) files[path] = metadata[key[1] as 'labels' | 'annotations']?.[key[2]!] ?? ''
    else if (field === 'metadata.labels') files[path] = mapText(metadata.labels)
    else if (field === 'metadata.annotations') files[path] = mapText(metadata.annotations)
    else if (field === 'metadata.name') files[path] = metadata.name
    else if (field === 'metadata.namespace') files[path] = metadata.namespace ?? ''
    else if (field === 'metadata.uid') files[path] = metadata.uid
  }
  return files
}

/** A token has three parts; this one is signed by nobody and says so. */
const token = (pod: Pod): string => `eyJhbGciOiJub25lIn0.nodeglass-model-token.${pod.metadata.uid.replaceAll('-', '')}`

export function volumeFiles(reader: ModelReader, pod: Pod, volume: Volume): Files {
  const node = pod.spec.nodeName ?? ''
  const namespace = pod.metadata.namespace ?? ''
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap) return pick(dataOf(reader, node, 'configmaps', namespace, configMap.name ?? ''), configMap.items)
  if (secret) return pick(dataOf(reader, node, 'secrets', namespace, secret.secretName ?? ''), secret.items)
  if (downwardAPI) return downward(pod, downwardAPI.items ?? [])
  const files: Files = {}
  for (const source of projected?.sources ?? []) {
    if (source.configMap) {
      const rootCa = source.configMap.name === 'kube-root-ca.crt' ? { 'ca.crt': ROOT_CA } : undefined
      Object.assign(
        files,
        pick(
          dataOf(reader, node, 'configmaps', namespace, source.configMap.name ?? '') ?? rootCa,
          source.configMap.items,
        ),
      )
    }
    if (source.secret)
      Object.assign(
        files,
        pick(dataOf(reader, node, 'secrets', namespace, source.secret.name ?? ''), source.secret.items),
      )
    if (source.downwardAPI) Object.assign(files, downward(pod, source.downwardAPI.items ?? []))
    if (source.serviceAccountToken) files[source.serviceAccountToken.path] = token(pod)
  }
  return files
}

const ROOT_CA = '-----BEGIN CERTIFICATE-----\n(the lab has no certificates)\n-----END CERTIFICATE-----\n'

/** Files below the mounts of a container, by absolute path in it. */
export function mountedFiles(reader: ModelReader, pod: Pod, containerName: string): Files {
  const files: Files = {}
  const spec = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === containerName)
  for (const mount of spec?.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((v) => v.name === mount.name)
    if (!volume) continue
    const inside = volumeFiles(reader, pod, volume)
    if (mount.subPath !== undefined) {
      const text = inside[mount.subPath]
      if (text !== undefined) files[mount.mountPath] = text
    } else
      for (const [name, text] of Object.entries(inside)) files[`${mount.mountPath.replace(/\/$/, '')}/${name}`] = text
  }
  return files
}
