/**
 * One node with the rules of a dump, and one namespace that is the rest of the world: every interface that the rules name
 * leads there. Nobody answers; what the node did with the first packet is in its trace.
 */
import { spawnSync } from 'node:child_process'
import { type DumpNet, NODE_IP } from './dump-packets.ts'
import { newPrefix, removeNamespaces, run } from './namespaces.ts'

export interface DumpNode {
  /** For agents and monitors: `node` and `world`. */
  readonly net: { ns(name: string): string; inside(name: string, command: readonly string[], input?: string): string }
  /** undefined: loaded; else what iptables-restore says of which line. */
  load(rules: string, by: 'iptables-restore' | 'nft'): { readonly line: number; readonly message: string } | undefined
  saved(by: 'iptables-save' | 'nft'): string
  /** The next packet comes from `src` into `inDev`. */
  aim(src: string, inDev: string): void
  forget(): void
  destroy(): void
}

const HOP = '169.254.1.1'

export function makeDumpNode(shape: DumpNet): DumpNode {
  const prefix = newPrefix()
  const ns = (name: string): string => prefix + name
  const inside = (name: string, command: readonly string[], input?: string): string =>
    run(['ip', 'netns', 'exec', ns(name), ...command], input)
  const batch = (name: string, lines: readonly string[]): void =>
    void run(['ip', '-n', ns(name), '-batch', '-'], `${lines.join('\n')}\n`)
  run(['ip', '-batch', '-'], `netns add ${ns('node')}\nnetns add ${ns('world')}\n`)
  const mac = (side: 'a' | 'b', k: number): string => `02:00:00:00:0${side}:${(k + 1).toString(16).padStart(2, '0')}`
  const sysctl = (name: string, forward: string): void =>
    void inside(
      name,
      ['sysctl', '-q', '-e', '-p', '-'],
      `net.ipv4.ip_forward = ${forward}\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.default.rp_filter = 0\nnet.ipv4.conf.all.route_localnet = 1\nnet.ipv4.conf.all.accept_local = 1\nnet.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.default.send_redirects = 0\nnet.ipv4.icmp_ratelimit = 0\n`,
    )
  sysctl('node', '1')
  sysctl('world', '0')
  batch(
    'world',
    shape.interfaces.map(
      (name, k) =>
        `link add w${k} address ${mac('b', k)} type veth peer name ${name} address ${mac('a', k)} netns ${ns('node')}`,
    ),
  )
  batch('world', ['link set lo up', ...shape.interfaces.map((_, k) => `link set w${k} up`)])
  const node = ['link set lo up', `addr add ${NODE_IP}/24 dev eth0`]
  shape.interfaces.forEach((name, k) => {
    node.push(`link set ${name} up`, `neigh add ${HOP} lladdr ${mac('b', k)} dev ${name} nud permanent`)
    const behind = shape.behind[name]
    if (behind !== undefined) node.push(`route add ${behind} via ${HOP} dev ${name} onlink`)
  })
  node.push(`route add default via ${HOP} dev eth0 onlink`)
  batch('node', node)
  return {
    net: { ns, inside },
    load(rules, by) {
      const command = by === 'nft' ? ['nft', '-f', '-'] : ['iptables-restore']
      const { status, stderr } = spawnSync('ip', ['netns', 'exec', ns('node'), ...command], {
        input: rules,
        encoding: 'utf8',
      })
      if (status === 0) return undefined
      const line = /line:? (\d+)|^\/dev\/stdin:(\d+):/.exec(stderr)
      return { line: line ? Number(line[1] ?? line[2]) : 0, message: stderr.trim().split('\n')[0]! }
    },
    saved: (by) => inside('node', by === 'nft' ? ['nft', 'list', 'ruleset'] : ['iptables-save']),
    aim(src, inDev) {
      const k = shape.interfaces.indexOf(inDev)
      batch('world', [
        // what was a source before may be a destination now
        'addr flush dev lo',
        `addr add ${src}/32 dev lo`,
        `neigh replace ${HOP} lladdr ${mac('a', k)} dev w${k} nud permanent`,
        `route replace default via ${HOP} dev w${k} onlink`,
      ])
    },
    forget() {
      inside('node', ['sh', '-c', 'for f in /proc/net/xt_recent/*; do [ -e "$f" ] && echo / > "$f"; done; true'])
    },
    destroy: () => removeNamespaces(prefix),
  }
}
