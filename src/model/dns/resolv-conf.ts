/** /etc/resolv.conf of pods and nodes. Upstream: pkg/kubelet/network/dns/dns.go GetPodDNS. */
import type { ModelReader } from '../tables.ts'

export const CLUSTER_DOMAIN = 'cluster.local'
export const CLUSTER_DNS = '10.96.0.10'
/** The resolver of the network that the nodes stand in. */
export const NODE_DNS = '172.18.0.1'

export type ResolvConf = { nameservers: readonly string[]; searches: readonly string[]; options: readonly string[] }

export function nodeResolv(): ResolvConf {
  return { nameservers: [NODE_DNS], searches: [], options: [] }
}

export function clusterResolv(namespace: string, dns = CLUSTER_DNS): ResolvConf {
  return {
    nameservers: [dns],
    searches: [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN],
    options: ['ndots:5'],
  }
}

/** What the pod's dnsPolicy and dnsConfig make of it. */
export function podResolv(reader: ModelReader, namespace: string, podName: string): ResolvConf {
  const spec = reader.get('pods', `${namespace}/${podName}`)?.spec
  let policy = spec?.dnsPolicy ?? 'ClusterFirst'
  // A pod on the host network asks for cluster names only when it says so.
  if (policy === 'ClusterFirst' && spec?.hostNetwork) policy = 'Default'
  const service = reader.get('services', 'kube-system/kube-dns')?.spec as { clusterIP?: string } | undefined
  const base: ResolvConf =
    policy === 'None'
      ? { nameservers: [], searches: [], options: [] }
      : policy === 'Default'
        ? nodeResolv()
        : clusterResolv(namespace, service?.clusterIP ?? CLUSTER_DNS)
  const more = spec?.dnsConfig
  if (!more) return base
  const unique = (list: readonly string[]) => [...new Set(list)]
  const options = (more.options ?? []).map((o) => (o.value === undefined ? (o.name ?? '') : `${o.name}:${o.value}`))
  const replaced = new Set(options.map((o) => o.split(':')[0]))
  return {
    nameservers: unique([...base.nameservers, ...(more.nameservers ?? [])]),
    searches: unique([...base.searches, ...(more.searches ?? [])]),
    options: [...base.options.filter((o) => !replaced.has(o.split(':')[0])), ...options],
  }
}

/** The kubelet writes search first, then the servers, then the options. */
export function printResolv(conf: ResolvConf): string {
  const lines: string[] = []
  if (conf.searches.length > 0) lines.push(`search ${conf.searches.join(' ')}`)
  for (const server of conf.nameservers) lines.push(`nameserver ${server}`)
  if (conf.options.length > 0) lines.push(`options ${conf.options.join(' ')}`)
  return lines.map((line) => `${line}\n`).join('')
}

export const podResolvConf = (reader: ModelReader, namespace: string, podName: string): string =>
  printResolv(podResolv(reader, namespace, podName))

/** The names that a resolver tries for `name`, in order (glibc res_search): fewer dots than ndots, the search list first. */
export function candidates(name: string, conf: ResolvConf): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const ndots = Number(conf.options.find((o) => o.startsWith('ndots:'))?.slice(6) ?? 1)
  const dots = name.split('.').length - 1
  const searched = conf.searches.map((search) => `${name}.${search}`)
  return dots >= ndots ? [name, ...searched] : [...searched, name]
}
