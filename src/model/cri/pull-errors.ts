/** Addresses of registries and the words in which containerd says that a pull failed (core/remotes/docker/resolver.go, fetcher.go). */
import { parseImageName } from '../kubelet/images/image-name.ts'
import { hexOf } from '../images/digest.ts'

export function manifestUrl(ref: string, digest?: string): string {
  const { registry, repository, tag, digest: own } = parseImageName(ref)
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry
  return `https://${host}/v2/${repository}/manifests/${digest ?? (own || tag)}`
}

/** An address for the host name, the same in every run, from the block for documentation. */
export function registryIp(ref: string): string {
  const { registry } = parseImageName(ref)
  return `198.51.100.${1 + (parseInt(hexOf(registry, 4), 16) % 254)}`
}

/** `detail`: what went wrong below HTTP; with `status`, the body of the answer. */
export function pullError(ref: string, op: string, detail: string, status?: number): string {
  const head = `failed to pull and unpack image "${ref}": `
  const resolving = op === 'resolve'
  const url = manifestUrl(ref)
  const where = resolving ? `failed to resolve reference "${ref}": ` : 'failed to copy: httpReadSeeker: failed open: '
  if (status === undefined)
    return `${head}${where}failed to do request: ${resolving ? 'Head' : 'Get'} "${url}": ${detail}`
  if (status === 404) return `${head}${where}${ref}: not found`
  if (status === 401)
    return `${head}${where}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`
  const text = status === 429 ? '429 Too Many Requests' : `${status} Service Unavailable`
  return `${head}${where}unexpected status from ${resolving ? 'HEAD' : 'GET'} request to ${url}: ${text}${detail ? `\n${detail}` : ''}`
}
