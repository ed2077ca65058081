/**
 * What leaves the cluster leaves with the node's address; what stays between pods keeps its own.
 * Upstream: kubernetes-sigs/ip-masq-agent cmd/ip-masq-agent/ip-masq-agent.go (syncMasqRules).
 */
export const MASQ_CHAIN = 'IP-MASQ-AGENT'

/** Input of `iptables-restore --noflush`, table nat. */
export function masqueradeRestore(clusterCIDR: string): string {
  return `*nat
:${MASQ_CHAIN} - [0:0]
-F ${MASQ_CHAIN}
-A ${MASQ_CHAIN} -d ${clusterCIDR} -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A ${MASQ_CHAIN} -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE
-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom ${MASQ_CHAIN} chain" -m addrtype ! --dst-type LOCAL -j ${MASQ_CHAIN}
COMMIT
`
}
