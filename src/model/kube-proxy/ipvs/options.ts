/** KubeProxyIPVSConfiguration, and what a start in this mode sets. pkg/proxy/ipvs/proxier.go NewProxier. */
import type { IpvsOp } from '../../linux/ipvs/operations.ts'

export interface IpvsOptions {
  readonly scheduler: string
  readonly strictARP: boolean
  readonly excludeCIDRs: readonly string[]
  /** Seconds; 0 leaves the kernel's. */
  readonly tcpTimeout: number
  readonly tcpFinTimeout: number
  readonly udpTimeout: number
}

/** As they stand in the file; from the terminal everything is text. */
export function ipvsOptions(options: Readonly<Record<string, unknown>>): IpvsOptions {
  const { scheduler, strictARP, excludeCIDRs, tcpTimeout, tcpFinTimeout, udpTimeout } = options
  const cidrs = Array.isArray(excludeCIDRs) ? excludeCIDRs.map(String) : String(excludeCIDRs ?? '').split(',')
  return {
    scheduler: typeof scheduler === 'string' && scheduler !== '' ? scheduler : 'rr',
    strictARP: strictARP === true || strictARP === 'true',
    excludeCIDRs: cidrs.filter((text) => text !== ''),
    tcpTimeout: seconds(tcpTimeout),
    tcpFinTimeout: seconds(tcpFinTimeout),
    udpTimeout: seconds(udpTimeout),
  }
}

function seconds(value: unknown): number {
  let sum = 0
  for (const [, n, unit] of String(value ?? '').matchAll(/(\d+(?:\.\d+)?)(h|m(?!s)|s)/g))
    sum += Number(n) * (unit === 'h' ? 3_600 : unit === 'm' ? 60 : 1)
  return Math.floor(sum)
}

/** net.ipv4.vs.conn_reuse_mode stays as it is: kernels from 5.9 on need nothing else. */
export function startOps(options: IpvsOptions): IpvsOp[] {
  const values: Record<string, string> = {
    'net.ipv4.vs.conntrack': '1',
    'net.ipv4.vs.expire_nodest_conn': '1',
    'net.ipv4.vs.expire_quiescent_template': '1',
    'net.ipv4.ip_forward': '1',
    ...(options.strictARP ? { 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.conf.all.arp_announce': '2' } : {}),
  }
  const { tcpTimeout: tcp, tcpFinTimeout: tcpfin, udpTimeout: udp } = options
  const ops: IpvsOp[] = [{ op: 'sysctl', values }]
  if (tcp > 0 || tcpfin > 0 || udp > 0) ops.push({ op: 'timeouts', tcp, tcpfin, udp })
  return ops
}
