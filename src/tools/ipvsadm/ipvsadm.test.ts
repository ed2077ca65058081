import { describe, expect, it } from 'vitest'
import { newStage, type Stage, TWO_NODES } from '../../model/linux/net/stage.ts'
import type { ToolCall, ToolResult } from '../contract.ts'
import { ipset } from '../ipset/ipset.ts'
import { ipvsadm } from './ipvsadm.ts'

const SECOND = 1_000_000

/** A node on which nobody but us changes IPVS; every line runs as typed. */
function shell(): { stage: Stage; type: (line: string, stdin?: string) => ToolResult } {
  const pods = [2, 3, 4].map((n) => ({
    name: `p${n}`,
    node: 'worker-1',
    ip: `10.244.1.${n}`,
    tcp: [8080],
    udp: [5353],
  }))
  const stage = newStage(TWO_NODES, [...pods, { name: 'p5', node: 'worker-1', ip: '10.244.1.5' }])
  stage.change((world) => {
    const netns = world.get('netns', 'worker-1|')!
    const sysctls = { 'net.ipv4.vs.conntrack': '1', 'net.ipv4.vs.expire_nodest_conn': '1' }
    world.put('netns', 'worker-1|', { ...netns, sysctls })
  })
  return {
    stage,
    type(line, stdin) {
      const argv = line.split(' ')
      const call = {
        argv,
        stdin,
        reader: stage.machine.reader,
        place: { at: 'node', node: 'worker-1' },
        env: {},
        cwd: '/',
        tty: false,
        files: { read: () => undefined, list: () => undefined },
      } as ToolCall
      const result = (argv[0] === 'ipset' ? ipset : ipvsadm).run(call)
      for (const input of result.inputs ?? []) stage.machine.input(input)
      stage.run(stage.machine.now)
      return result
    },
  }
}

const SETUP = `ipvsadm -A -t 10.96.0.10:80 -s rr
ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.2:8080 -m
ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.3:8080 -m
ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.4:8080 -m
ipvsadm -A -u 10.96.0.20:53 -s rr -p 10800
ipvsadm -a -u 10.96.0.20:53 -r 10.244.1.2:5353 -m
ipvsadm -A -t 172.18.0.3:30080 -s rr -p 300
ipvsadm -a -t 172.18.0.3:30080 -r 10.244.1.2:8080 -m -w 1
ipvsadm -A -t 10.244.1.1:30080 -s mh -b mh-port
ipvsadm -a -t 10.244.1.1:30080 -r 10.244.1.2:8080 -m`

/** Of the kernel that was asked. */
const REAL_LINE = 'TCP  10.96.0.30:80                       0        0        0        0        0'

describe('ipvsadm, letter for letter as 1.31 on a 6.1 kernel', () => {
  it('lists, saves and clears', () => {
    const { type } = shell()
    for (const line of SETUP.split('\n')) expect(type(line)).toMatchObject({ exit: 0 })
    expect(type('ipvsadm -Ln').out).toBe(`IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  172.18.0.3:30080 rr persistent 300
  -> 10.244.1.2:8080              Masq    1      0          0         
TCP  10.96.0.10:80 rr
  -> 10.244.1.2:8080              Masq    1      0          0         
  -> 10.244.1.3:8080              Masq    1      0          0         
  -> 10.244.1.4:8080              Masq    1      0          0         
TCP  10.244.1.1:30080 mh (mh-port)
  -> 10.244.1.2:8080              Masq    1      0          0         
UDP  10.96.0.20:53 rr persistent 10800
  -> 10.244.1.2:5353              Masq    1      0          0         
`)
    const saved = type('ipvsadm -Sn').out!
    expect(saved).toContain(
      '-A -t 10.244.1.1:30080 -s mh -b mh-port\n-a -t 10.244.1.1:30080 -r 10.244.1.2:8080 -m -w 1\n',
    )
    expect(saved).toContain('-A -u 10.96.0.20:53 -s rr -p 10800\n')
    expect(type('ipvsadm -L --timeout').out).toBe('Timeout (tcp tcpfin udp): 900 120 300\n')
    type('ipvsadm --set 60 0 30')
    expect(type('ipvsadm -L --timeout').out).toBe('Timeout (tcp tcpfin udp): 60 120 30\n')
    type('ipvsadm -C')
    expect(type('ipvsadm -Sn').out).toBe('')
    type('ipvsadm -R', saved)
    expect(type('ipvsadm -Sn').out).toBe(saved)
  })

  it('counts what passes', () => {
    const { stage, type } = shell()
    for (const line of SETUP.split('\n')) type(line)
    stage.change((world) => {
      const id = 'worker-1||kube-ipvs0'
      const link = { node: 'worker-1', netns: '', name: 'kube-ipvs0', index: 8, mac: '', mtu: 1500, up: false }
      world.put('links', id, { ...link, kind: 'dummy', addresses: ['10.96.0.10/32', '10.96.0.20/32'] })
    })
    const from = { node: 'worker-1', netns: 'p5' }
    const get = {
      from,
      proto: 'tcp',
      dst: '10.96.0.10',
      dport: 80,
      request: 'x',
      what: 'x',
      timeoutMicros: SECOND,
    } as const
    for (let i = 0; i < 3; i++) expect(stage.connect(get)).toMatchObject({ ok: true })
    stage.run(stage.machine.now + SECOND)
    const stats = type('ipvsadm -Ln --stats -t 10.96.0.10:80').out!.split('\n')
    expect(stats[0]).toBe('Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes')
    expect(stats[2]).toMatch(/^TCP {2}10\.96\.0\.10:80 {23}3 {7}1\d {7}1\d +\d+ +\d+$/)
    expect(stats[3]).toMatch(/^ {2}-> 10\.244\.1\.2:8080 {21}1 /)
    expect(stats.slice(2, 6).every((line) => line.length === REAL_LINE.length)).toBe(true)
    expect(type('ipvsadm -Ln').out).toContain(
      '  -> 10.244.1.2:8080              Masq    1      0          1         \n',
    )
    const [, , line] = type('ipvsadm -Lnc').out!.split('\n')
    expect(line).toMatch(/^TCP 01:5\d {2}TIME_WAIT {3}10\.244\.1\.5:\d{5} {3}10\.96\.0\.10:80 {6}10\.244\.1\.4:8080$/)
    const rate = type('ipvsadm -Ln --rate -t 10.96.0.10:80').out!.split('\n')[2]!
    stage.run(stage.machine.now + 2 * SECOND)
    expect(rate.length).toBe(REAL_LINE.length)
    expect(type('ipvsadm -Ln --rate -t 10.96.0.10:80').out!.split('\n')[2]).toMatch(/:80 +[01] +[1-9] +[1-9]/)
    stage.run(stage.machine.now + 100 * SECOND)
    expect(type('ipvsadm -Ln --rate -t 10.96.0.10:80').out!.split('\n')[2]).toMatch(/:80 +0 +0 +0 +0 +0$/)
    // with expire_nodest_conn a server takes its connections with it
    type('ipvsadm -D -t 10.96.0.10:80')
    expect(type('ipvsadm -Lnc').out).not.toContain('10.96.0.10')
  })

  it('refuses in the words of the real one', () => {
    const { type } = shell()
    for (const line of SETUP.split('\n')) type(line)
    const cases: readonly (readonly [string, string, number])[] = [
      ['-A -t 10.96.0.10:80 -s rr', 'Service already exists', 255],
      ['-a -t 10.96.0.10:80 -r 10.244.1.2:8080 -m', 'Destination already exists', 255],
      ['-D -t 10.96.0.99:80', 'No such service', 255],
      ['-a -t 10.96.0.99:80 -r 10.244.1.2:8080 -m', 'Service not defined', 255],
      ['-d -t 10.96.0.10:80 -r 10.244.1.9:8080', 'No such destination', 255],
      ['-E -t 10.96.0.99:80 -s rr', 'No such service', 255],
      ['-A -t 10.96.0.44:80 -s foo', 'Scheduler or persistence engine not found', 255],
      ['-A', "You need to supply the 'service-address' option for the 'add-service' command", 2],
      ['-A -t x', 'illegal virtual server address[:port] specified', 2],
      ['-Ln -t 10.96.0.99:80', 'No such service', 1],
    ]
    for (const [line, err, exit] of cases) expect(type(`ipvsadm ${line}`)).toEqual({ err: `${err}\n`, exit })
  })
})

describe('ipset, letter for letter as 7.17', () => {
  it('makes, fills, lists and destroys sets', () => {
    const { stage, type } = shell()
    type('ipset create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536')
    for (const entry of ['10.96.0.10,tcp:80', '10.96.0.30,80', '10.96.0.20,udp:53'])
      expect(type(`ipset add KUBE-CLUSTER-IP ${entry}`)).toMatchObject({ exit: 0 })
    type('ipset create PORTS bitmap:port range 0-65535')
    type('ipset add PORTS 30080')
    type('ipset add PORTS 30010')
    stage.change((world) => {
      const rules = ['-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT']
      const chain = { node: 'worker-1', table: 'nat', name: 'KUBE-SERVICES', rules, changedAt: 0 }
      world.put('chains', 'worker-1|nat|KUBE-SERVICES', chain)
      const set = world.get('ipsets', 'worker-1|KUBE-CLUSTER-IP')!
      world.put('ipsets', 'worker-1|KUBE-CLUSTER-IP', { ...set, initval: 0xf11b9df4 })
    })
    expect(type('ipset list').out).toBe(`Name: KUBE-CLUSTER-IP
Type: hash:ip,port
Revision: 6
Header: family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xf11b9df4
Size in memory: 336
References: 1
Number of entries: 3
Members:
10.96.0.10,tcp:80
10.96.0.30,tcp:80
10.96.0.20,udp:53

Name: PORTS
Type: bitmap:port
Revision: 3
Header: range 0-65535
Size in memory: 8264
References: 0
Number of entries: 2
Members:
30010
30080
`)
    expect(type('ipset list -n').out).toBe('KUBE-CLUSTER-IP\nPORTS\n')
    const save =
      'create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xf11b9df4\nadd KUBE-CLUSTER-IP 10.96.0.10,tcp:80\nadd KUBE-CLUSTER-IP 10.96.0.30,tcp:80\nadd KUBE-CLUSTER-IP 10.96.0.20,udp:53\n'
    expect(type('ipset list -o save KUBE-CLUSTER-IP').out).toBe(save)
    const refused: readonly (readonly [string, string])[] = [
      ['create PORTS bitmap:port range 0-65535', 'Set cannot be created: set with the same name already exists'],
      ['add KUBE-CLUSTER-IP 10.96.0.10,tcp:80', "Element cannot be added to the set: it's already added"],
      ['del KUBE-CLUSTER-IP 10.96.0.11,tcp:80', "Element cannot be deleted from the set: it's not added"],
      ['add nope 1.2.3.4', 'The set with the given name does not exist'],
      ['destroy KUBE-CLUSTER-IP', 'Set cannot be destroyed: it is in use by a kernel component'],
      ['create foo hash:foo', "Syntax error: typename 'hash:foo' is unknown"],
    ]
    for (const [line, err] of refused) expect(type(`ipset ${line}`)).toEqual({ err: `ipset v7.17: ${err}\n`, exit: 1 })
    expect(type('ipset test KUBE-CLUSTER-IP 10.96.0.10,tcp:80')).toMatchObject({
      err: 'Warning: 10.96.0.10,tcp:80 is in set KUBE-CLUSTER-IP.\n',
      exit: 0,
    })
    expect(type('ipset test KUBE-CLUSTER-IP 10.96.0.12,tcp:80').exit).toBe(1)
    expect(type('ipset destroy PORTS').exit).toBe(0)
    expect(type('ipset list PORTS').exit).toBe(1)
  })
})
