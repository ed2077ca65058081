import { describe, expect, it } from 'vitest'
import { parseIp } from '../netfilter/address.ts'
import type { RealServer, SchedulerFlag, SchedulerName } from './records.ts'
import { serverKey } from './records.ts'
import { afterChange, type Cursor, schedule, START } from './schedulers.ts'

/** Servers are 10.244.1.2, .3 and .4, added in this order; the kernel that was asked (6.1) answered by their last digit. */
function pool(name: SchedulerName, weights: readonly number[], flags: readonly SchedulerFlag[] = []) {
  let servers: readonly RealServer[] = []
  let cursor: Cursor = START
  const open: { server: string; closed: boolean }[] = []
  const change = (next: readonly RealServer[], removed?: string): void => {
    cursor = afterChange({ scheduler: name, flags, servers: next }, cursor, servers, removed)
    servers = next
  }
  const add = (digit: number, weight: number): void =>
    change([{ address: `10.244.1.${digit}`, port: 8080, weight }, ...servers])
  weights.forEach((weight, i) => add(i + 2, weight))
  const connect = (src = '10.244.1.5', sport = 40_000, dst = '10.96.0.10'): string => {
    const load = (server: RealServer) => {
      const mine = open.filter((conn) => conn.server === server.address)
      return { active: mine.filter((c) => !c.closed).length, inactive: mine.filter((c) => c.closed).length }
    }
    const flow = { src: parseIp(src)!, sport, dst: parseIp(dst)! }
    const choice = schedule({ scheduler: name, flags, servers }, cursor, load, flow)
    if (!choice) return '-'
    if (choice.cursor) cursor = choice.cursor
    const server = servers[choice.index]!
    open.push({ server: server.address, closed: false })
    return server.address.slice(-1)
  }
  /** `o` opens a connection and holds it, `c` closes the oldest. */
  const play = (plan: string): string => {
    let out = ''
    for (const step of plan)
      if (step === 'c') open.find((conn) => !conn.closed)!.closed = true
      else out += connect()
    return out
  }
  return {
    connect,
    play,
    add,
    weigh: (digit: number, weight: number): void =>
      change(
        servers.map((s) =>
          s.address.endsWith(`.${digit}`) ? { ...s, weight, ...(weight === 0 ? { lastWeight: s.weight } : {}) } : s,
        ),
      ),
    remove: (digit: number): void => {
      const gone = servers.find((s) => s.address.endsWith(`.${digit}`))!
      change(
        servers.filter((s) => s !== gone),
        serverKey(gone),
      )
    },
  }
}

const FROM_MANY = Array.from({ length: 32 }, (_, i) => `10.244.1.${100 + i}`)

describe('schedulers, against what a 6.1 kernel chose', () => {
  it('rr starts with the last added, and goes on where it stood when servers come and go', () => {
    const rr = pool('rr', [1, 1, 1])
    expect(rr.play('oo')).toBe('43')
    rr.remove(3)
    expect(rr.play('ooo')).toBe('242')
    rr.add(3, 1)
    expect(rr.play('ooooo')).toBe('34234')
    expect(pool('rr', [1, 0, 1]).play('ooooo')).toBe('42424')
    expect(pool('rr', [0, 0, 0]).play('o')).toBe('-')
  })
  it('wrr goes by the greatest common divisor of the weights', () => {
    expect(pool('wrr', [3, 2, 1]).play('oooooooooooooo')).toBe('43223243223243')
    expect(pool('wrr', [4, 2, 2]).play('oooooooooooooo')).toBe('43224322432243')
    const changed = pool('wrr', [3, 2, 1])
    expect(changed.play('ooo')).toBe('432')
    changed.weigh(3, 0)
    expect(changed.play('oooooooo')).toBe('42224222')
    expect(pool('wrr', [0, 0, 0]).play('o')).toBe('-')
  })
  it('lc, wlc, sed and nq look at connections', () => {
    expect(pool('lc', [1, 1, 1]).play('oooooocooccoo')).toBe('4324324324')
    expect(pool('wlc', [3, 2, 1]).play('ooooooooooccccoooo')).toBe('43223243223242')
    expect(pool('sed', [3, 2, 1]).play('ooooooooooccccoooo')).toBe('23243223242324')
    expect(pool('nq', [3, 2, 1]).play('ooooooooooccccoooo')).toBe('43223223242324')
  })
  it.each([
    ['sh', [1, 1, 1], [], '24243434323442423342432343242324'],
    ['sh', [3, 2, 1], [], '34323232232422223243432323343232'],
    ['mh', [1, 1, 1], [], '32422322232442234222224342422243'],
    ['mh', [3, 2, 1], [], '32222322232442233222224322322232'],
  ] as const)('%s %j %j by source', (name, weights, flags, expected) => {
    const servers = pool(name, weights, flags)
    expect(FROM_MANY.map((src) => servers.connect(src)).join('')).toBe(expected)
  })
  it.each([
    ['sh', '24242424222442422242422242242224'],
    ['mh', '22422422222442224222224442422242'],
  ] as const)('%s with fallback when a server has weight 0', (name, expected) => {
    const servers = pool(name, [1, 1, 1], ['flag-1'])
    servers.weigh(3, 0)
    expect(FROM_MANY.map((src) => servers.connect(src)).join('')).toBe(expected)
    const strict = pool(name, [1, 1, 1])
    strict.weigh(3, 0)
    expect(FROM_MANY.map((src) => strict.connect(src))).toContain('-')
  })
  it('sh and mh by source and port', () => {
    const sh = pool('sh', [1, 1, 1], ['flag-2'])
    const ports = [32896, 32910, 32922, 32924, 32932, 32938, 32954, 32960, 32964, 32972, 32982, 32998]
    expect(ports.map((port) => sh.connect('10.244.1.5', port)).join('')).toBe('343344344434')
    const mh = pool('mh', [1, 1, 1], ['flag-2'])
    const others = [38010, 38026, 38038, 38044, 38056, 38072, 38080, 38082, 38086, 38102, 38114, 38126]
    expect(others.map((port) => mh.connect('10.244.1.5', port)).join('')).toBe('434443434242')
  })
  it('dh by destination', () => {
    const dh = pool('dh', [1, 1, 1])
    const chosen = [18, 19, 20, 21, 22, 23, 24, 25].map((n) => dh.connect('10.244.1.5', 1, `10.96.1.${n}`)).join('')
    expect(chosen).toBe('43232334')
  })
})
