/** IPVS and the sets of netfilter as a part of each machine's kernel, and as what hangs at its hooks. */
import type { ModelComponent, ModelReader } from '../../tables.ts'
import type { HookPass, StepTexts } from '../netfilter/hooks.ts'
import type { Facility } from '../net/facilities.ts'
import { whilePowered } from '../power.ts'
import { applyIpvs } from './apply.ts'
import { CONNECTIONS, ipvsPasses } from './hooks.ts'
import { IPVS_GC, keepIpvs, sweepIpvs } from './keep.ts'
import { type IpvsProto, replyKey, serverKey, serverOfConn } from './records.ts'

export const ipvs: ModelComponent = {
  roles: ['kernel'],
  tables: {
    ipvsServices: { owner: 'linux/ipvs', indexes: { node: (r) => r.node } },
    ipvsCursors: { owner: 'linux/ipvs' },
    ipvsConns: {
      owner: 'linux/ipvs',
      indexes: { node: (r) => r.node, reply: replyKey, server: serverOfConn, control: (r) => r.control },
    },
    ipvsStats: { owner: 'linux/ipvs' },
    ipvsTimeouts: { owner: 'linux/ipvs' },
    ipsets: { owner: 'linux/ipset', indexes: { node: (r) => r.node } },
  },
  rules: [
    {
      id: 'IV1',
      says: 'A packet to a virtual server is taken at INPUT or OUTPUT, gets the address of a real server, and goes through OUTPUT and POSTROUTING as if this host had made it; FORWARD never sees it.',
      source: 'linux net/netfilter/ipvs/ip_vs_core.c ip_vs_ops4, ip_vs_xmit.c ip_vs_nat_xmit',
    },
    {
      id: 'IV2',
      says: 'The scheduler chooses for the first packet of a connection; all others follow the connection table.',
      source: 'linux net/netfilter/ipvs/ip_vs_core.c ip_vs_in_hook, ip_vs_schedule',
    },
    {
      id: 'IV3',
      says: 'A real server of weight 0 gets no new connection; those that it has go on.',
      source: 'linux net/netfilter/ipvs/ip_vs_rr.c ip_vs_rr_schedule',
    },
  ],
  handlers: whilePowered({
    'kernel.ipvs-apply': applyIpvs,
    [IPVS_GC]: sweepIpvs,
  }),
}

const passes = new WeakMap<ModelReader, Map<string, readonly HookPass[]>>()
const NONE: readonly HookPass[] = []

/** One list a machine: it is there while there is anything of IPVS (ip_vs_register_hooks with the first service). */
function passesFor(reader: ModelReader, node: string): readonly HookPass[] {
  if (reader.count('ipvsServices', 'node', node) === 0 && reader.count('ipvsConns', 'node', node) === 0) return NONE
  let mine = passes.get(reader)
  if (!mine) passes.set(reader, (mine = new Map<string, readonly HookPass[]>()))
  let list = mine.get(node)
  if (!list) mine.set(node, (list = ipvsPasses(reader, node)))
  return list
}

function texts(reader: Pick<ModelReader, 'get' | 'by'>, node: string): StepTexts {
  return {
    step(table, chain, index) {
      if (table !== 'ipvs') return undefined
      if (chain === CONNECTIONS) return { text: 'a connection that IPVS knows', action: 'follow it' }
      const space = chain.indexOf(' ')
      const at = `${chain.slice(0, space).toLowerCase() as IpvsProto} ${chain.slice(space + 1)}`
      const service = reader.get('ipvsServices', `${node}|${at}`)
      const server = service?.servers[index]
      if (!service || !server) return { text: chain, action: 'a real server' }
      return {
        text: `${chain} ${service.scheduler}${service.persistentSeconds > 0 ? ` persistent ${service.persistentSeconds}` : ''}`,
        action: `-> ${serverKey(server)} Masq weight ${server.weight}`,
      }
    },
  }
}

export const ipvsFacility: Facility = { name: 'ipvs', passes: passesFor, texts, keep: keepIpvs }
