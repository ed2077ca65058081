/**
 * Changes that programs ask of IPVS, of the sets of netfilter and of dummy devices: what comes over netlink from
 * ipvsadm, ipset and kube-proxy. linux net/netfilter/ipvs/ip_vs_ctl.c, net/netfilter/ipset/ip_set_core.c.
 */
import type { SetOp } from '../ipset/operations.ts'
import type { RealServer, SchedulerFlag, SchedulerName, VirtualAddress } from './records.ts'

export interface ServiceSettings {
  readonly scheduler: SchedulerName
  readonly flags?: readonly SchedulerFlag[]
  readonly persistentSeconds?: number
}

export type IpvsOp =
  | ({ readonly op: 'add-service' | 'edit-service'; readonly service: VirtualAddress } & ServiceSettings)
  | { readonly op: 'del-service'; readonly service: VirtualAddress }
  | { readonly op: 'add-server' | 'edit-server'; readonly service: VirtualAddress; readonly server: RealServer }
  | { readonly op: 'del-server'; readonly service: VirtualAddress; readonly server: Omit<RealServer, 'weight'> }
  | { readonly op: 'flush' }
  | { readonly op: 'zero'; readonly service?: VirtualAddress }
  /** Seconds; 0 leaves what is set. */
  | { readonly op: 'timeouts'; readonly tcp: number; readonly tcpfin: number; readonly udp: number }
  | { readonly op: 'dummy-add'; readonly dev: string }
  | { readonly op: 'dummy-del'; readonly dev: string }
  | { readonly op: 'bind'; readonly dev: string; readonly address: string }
  | { readonly op: 'unbind'; readonly dev: string; readonly address: string }
  | { readonly op: 'sysctl'; readonly values: Readonly<Record<string, string>> }
  | SetOp

/** `kernel.ipvs-apply`, to NODE/kernel. Each operation by itself works or fails, as each netlink message does. */
export type IpvsApply = {
  ops: readonly IpvsOp[]
  /** Handed back to the sender as `kernel.ipvs-draining` when it is done. */
  draining?: readonly string[]
  ctx?: unknown
}
/** `kernel.ipvs-applied`: `error.line` is the number of the first operation that failed, from 1. */
export type IpvsApplied = { ok: boolean; error?: { line: number; message: string }; ctx?: unknown }
