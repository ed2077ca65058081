/** Which speaker announces an address. Every speaker works it out alone and comes to the same answer. Pure. */
import type { EndpointSlice, Node, Service } from '../apiserver/objects.ts'
import { sha256Base32 } from '../kube-proxy/sha256.ts'

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** epslices.EndpointCanServe */
const canServe = (e: EndpointSlice['endpoints'][number]): boolean =>
  (e.conditions?.ready ?? true) || e.conditions?.serving === true

/** speakersForAds: a node that says so, or has no network, takes no part. */
export function mayAnnounce(node: Node | undefined): boolean {
  if (!node || EXCLUDED in (node.metadata.labels ?? {})) return false
  return node.status?.conditions?.find((c) => c.type === 'NetworkUnavailable')?.status !== 'True'
}

export type Candidates = { readonly nodes: readonly string[]; readonly why: string }

/** layer2_controller.go ShouldAnnounce: the candidates, the winner first. */
export function candidatesFor(
  service: Service,
  ip: string,
  slices: readonly EndpointSlice[],
  /** Nodes whose speakers are in the member list. */
  speakers: readonly string[],
): Candidates {
  const serving = slices.flatMap((slice) => slice.endpoints.filter(canServe))
  if (serving.length === 0) return { nodes: [], why: 'no active endpoints' }
  const local = service.spec.externalTrafficPolicy === 'Local'
  const withEndpoint = new Set(serving.map((e) => e.nodeName))
  const nodes = speakers.filter((node) => !local || withEndpoint.has(node))
  const weight = new Map(nodes.map((node) => [node, hashOf(node, ip)]))
  return {
    nodes: [...nodes].sort((a, b) => (weight.get(a)! < weight.get(b)! ? -1 : 1)),
    why: local ? 'speakers on nodes with an endpoint' : 'all speakers',
  }
}

const hashes = new Map<string, string>()

/** sha256(node + "#" + ip), as a text that sorts as its bytes do: base32 with its digits behind the letters. */
function hashOf(node: string, ip: string): string {
  const text = `${node}#${ip}`
  let hash = hashes.get(text)
  if (hash === undefined) {
    if (hashes.size > 2_000) hashes.clear()
    hash = sha256Base32(text, 51).replace(/[2-7]/g, (digit) => 'abcdef'[Number(digit) - 2]!)
    hashes.set(text, hash)
  }
  return hash
}
