import type { Rule } from '../../sim/contract.ts'

export const KUBE_PROXY_RULES: readonly Rule[] = [
  {
    id: 'KP1',
    says: 'kube-proxy watches Services, EndpointSlices and its own Node. It writes no rule before it has both lists.',
    source:
      'kubernetes/kubernetes cmd/kube-proxy/app/server.go ProxyServer.Run, pkg/proxy/iptables/proxier.go OnServiceSynced',
  },
  {
    id: 'KP2',
    says: 'A change asks for a sync at once, but two syncs are at least minSyncPeriod (1 s) apart; what comes meanwhile goes into the next.',
    source: 'kubernetes/kubernetes pkg/proxy/runner/bounded_frequency_runner.go Run',
  },
  {
    id: 'KP3',
    says: 'A full sync writes every chain: at start, after a failure, when the zone changes, and hourly.',
    source: 'kubernetes/kubernetes pkg/proxy/iptables/proxier.go syncProxyRules doFullSync',
  },
  {
    id: 'KP4',
    says: 'A full sync first makes sure of the jumps from the built-in chains to its own.',
    source: 'kubernetes/kubernetes pkg/proxy/iptables/proxier.go iptablesJumpChains',
  },
  {
    id: 'KP5',
    says: 'A partial sync writes the common chains anew and, of the chains per Service, only those of Services that changed.',
    source: 'kubernetes/kubernetes pkg/proxy/iptables/proxier.go syncProxyRules skippedNatRules',
  },
  {
    id: 'KP6',
    says: 'A restore that fails changes nothing; the next sync is a full one, after syncPeriod (30 s).',
    source: 'kubernetes/kubernetes pkg/proxy/iptables/proxier.go syncProxyRules',
  },
  {
    id: 'KP7',
    says: 'UDP flows to endpoints that are gone are deleted from conntrack: it would send their packets there for good.',
    source: 'kubernetes/kubernetes pkg/proxy/conntrack/cleanup.go CleanStaleEntries',
  },
  {
    id: 'KP8',
    says: 'Every 30 s kube-proxy looks whether its canary chain is there. Where somebody emptied the tables, it is gone, and a full sync writes everything again.',
    source: 'kubernetes/kubernetes pkg/util/iptables/iptables.go Monitor, pkg/proxy/iptables/proxier.go NewProxier',
  },
  {
    id: 'KP9',
    says: 'At start in mode nftables kube-proxy takes away what iptables and ipvs left, and at start in one of these what nftables left. Between iptables and ipvs it cleans nothing.',
    source: 'kubernetes/kubernetes cmd/kube-proxy/app/server_linux.go platformCleanup',
  },
  {
    id: 'KP31',
    says: 'A full sync in mode nftables writes the table with its base chains, sets and maps, and of these maps the elements that differ from what the kernel lists: at start, after a failure, when the zone changes, and hourly.',
    source: 'kubernetes/kubernetes pkg/proxy/nftables/proxier.go setupNFTables, nftElementStorage.readOrReset',
  },
  {
    id: 'KP32',
    says: 'A partial sync in mode nftables writes the chains of Services that changed and, of the maps, single elements. The rest of the table is not touched, however large it is.',
    source: 'kubernetes/kubernetes pkg/proxy/nftables/proxier.go syncProxyRules skipServiceUpdate, ensureElem',
  },
  {
    id: 'KP33',
    says: 'A chain that no Service needs any more is emptied at once and deleted by a sync more than 1 s later: older kernels count it as referenced for a moment after the map element that led to it is gone.',
    source: 'kubernetes/kubernetes pkg/proxy/nftables/proxier.go staleChains',
  },
  {
    id: 'KU1',
    says: 'In mode userspace kube-proxy itself takes the connection, gives it to the next endpoint in turn, and copies the bytes. An endpoint that cannot be reached costs a try; the next has its turn.',
    source: 'kubernetes/kubernetes v1.25 pkg/proxy/userspace/proxysocket.go TryConnectEndpoints',
  },
]
