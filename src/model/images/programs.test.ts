import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { TestNode } from '../cri/test-node.ts'
import { imageNote } from './known-image.ts'

const sh = (n: TestNode, name: string, script: string, more = {}) =>
  n.pod(name, 'busybox:1.36', { command: ['sh', '-c', script], ...more })

describe('the shell of the containers', () => {
  it('runs the probe script of the documentation', () => {
    const n = new TestNode()
    const id = sh(n, 'liveness', 'touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600')
    n.run(10 * SECOND)
    expect(n.exec(id, ['cat', '/tmp/healthy']).response).toEqual({ stdout: '', stderr: '', exit_code: 0 })
    n.run(25 * SECOND)
    expect(n.exec(id, ['cat', '/tmp/healthy']).response).toEqual({
      stdout: '',
      stderr: "cat: can't open '/tmp/healthy': No such file or directory\n",
      exit_code: 1,
    })
    n.run(600 * SECOND)
    expect(n.container(id)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 0, reason: 'Completed' })
  })

  it.each([
    ['echo hi; exit 3', ['hi'], 3],
    ['for i in 1 2 3; do echo n$i; done', ['n1', 'n2', 'n3'], 0],
    ['i=0; while [ $i -lt 3 ]; do echo "at $i"; i=$((i+1)); done', ['at 0', 'at 1', 'at 2'], 0],
    ['false || echo or; true && echo and; false && echo no', ['or', 'and'], 1],
    ['if test -f /nope; then echo a; elif [ "$X" = y ]; then echo b; else echo c; fi', ['c'], 0],
    ['echo a b c | tr " " "\\n" | grep -v b | wc -l', ['2'], 0],
    ['x=$(hostname); echo "I am $x"', ['I am p'], 0],
    ['echo one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f', ['one', 'two'], 0],
    ['{ echo x; echo y; } > /tmp/g; cat /tmp/g | head -n 1', ['x'], 0],
    ['until [ -f /tmp/z ]; do touch /tmp/z; done; echo done', ['done'], 0],
    ['for i in $(seq 1 5); do [ $i -eq 3 ] && break; echo $i; done', ['1', '2'], 0],
    ['echo ${A:-none} ${HOME_:+set} "$((2*(3+4)))"', ['none 14'], 0],
    ['nosuch; echo $?', ['sh: nosuch: not found', '127'], 0],
    ['(echo in; exit 0); echo never', ['in'], 0],
    ['sleep 1 & echo first; wait; echo last', ['first', 'last'], 0],
    ['case x in x) ;; esac', ['sh: the lab\'s shell does not know "case"'], 2],
    ['echo "a', ['sh: syntax error: unterminated quoted string'], 2],
    ['while true; do for x in a; do break; done; echo out; break; done; { echo g; } | cat', ['out', 'g'], 0],
    ['printf "%s-%d\\n" a 1 b 2', ['a-1', 'b-2'], 0],
    ['! false && echo yes', ['yes'], 0],
    [
      'cat /etc/resolv.conf',
      ['search default.svc.cluster.local svc.cluster.local cluster.local', 'nameserver 10.96.0.10', 'options ndots:5'],
      0,
    ],
  ])('%s', (script, lines, code) => {
    const n = new TestNode()
    const id = sh(n, 'p', script)
    n.run(20 * SECOND)
    expect(n.log(id)).toEqual(lines)
    expect(n.container(id)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: code })
  })

  it('a loop without a sleep neither hangs the run nor floods it', () => {
    const n = new TestNode()
    const id = sh(n, 'busy', 'while true; do :; done')
    n.entries.length = 0
    n.run(10 * SECOND)
    expect(n.entries.length).toBeLessThan(150)
    expect(n.container(id).state).toBe('CONTAINER_RUNNING')
  })

  it('hears SIGTERM only with a trap, and runs it when the command in hand is over', () => {
    const n = new TestNode()
    const id = sh(n, 'trap', 'trap "echo bye; exit 7" TERM; while true; do sleep 2; done')
    n.run(SECOND)
    const { micros } = n.call('StopContainer', { container_id: id, timeout: 30 })
    expect(micros).toBeLessThan(2 * SECOND)
    expect(n.log(id)).toEqual(['bye'])
    expect(n.container(id).exitCode).toBe(7)
    const deaf = sh(n, 'deaf', 'while true; do sleep 2; done')
    expect(n.call('StopContainer', { container_id: deaf, timeout: 3 }).micros).toBeGreaterThan(3 * SECOND)
  })
})

describe('exec', () => {
  it('runs beside the program, with a deadline', () => {
    const n = new TestNode()
    const id = n.pod('web', 'nginx', { env: { COLOUR: 'green' } })
    expect(n.exec(id, ['hostname']).response).toMatchObject({ stdout: 'web\n' })
    expect(n.exec(id, ['sh', '-c', 'echo $COLOUR; ls /tmp; exit 4']).response).toMatchObject({
      stdout: 'green\n',
      exit_code: 4,
    })
    const late = n.exec(id, ['sleep', '10'], 1)
    expect(late.error).toEqual({
      code: 'DeadlineExceeded',
      message: 'failed to exec in container: timeout 1s exceeded: context deadline exceeded',
    })
    expect(n.exec(id, ['nope']).error?.message).toContain('exec: "nope": executable file not found in $PATH')
    expect(n.exec(id, ['cat', '/sys/fs/cgroup/cpu.max']).response).toMatchObject({ stdout: 'max 100000\n' })
    n.call('StopContainer', { container_id: id, timeout: 5 })
    expect(n.exec(id, ['ls']).error?.message).toBe('container is in CONTAINER_EXITED state')
  })
})

describe('the network from inside', () => {
  it("curl from pod to pod on two nodes sees the page, and the server the client's own address", () => {
    const n = new TestNode(['worker-1', 'worker-2'])
    const web = n.pod('web', 'nginx', { node: 'worker-2' })
    n.run(SECOND)
    const ip = n.reader.get('sandboxes', n.container(web).sandboxId)!.ip
    const client = sh(
      n,
      'client',
      `wget -qO- http://${ip}/ | grep -c Welcome; wget -qO- -T 2 ${ip}:81 || echo failed $?`,
    )
    n.run(20 * SECOND)
    expect(n.log(client)).toEqual(['2', `wget: can't connect to remote host (${ip}): Connection refused`, 'failed 1'])
    expect(n.log(web).at(-1)).toMatch(/^10\.244\.1\.2 - - \[10\/Jun\/2026:22:00:\d\d \+0000\] "GET \/ HTTP\/1.1" 200 /)
  })

  it('the client of the lab asks again and again, and logs what it hears', () => {
    const n = new TestNode()
    const web = n.pod('web', 'nodeglass/web')
    n.run(SECOND)
    const ip = n.reader.get('sandboxes', n.container(web).sandboxId)!.ip
    const client = n.pod('client', 'nodeglass/client', { env: { URL: `http://${ip}:8080/` } })
    n.run(7 * SECOND)
    expect(n.log(client)).toEqual(['web', 'web', 'web', 'web'])
    n.exec(web, ['touch', '/tmp/unready'])
    expect(
      n.exec(client, ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', `${ip}:8080/ready`]).response,
    ).toMatchObject({ stdout: '503', exit_code: 0 })
  })

  it('looks a Service up through CoreDNS on the way', () => {
    const n = new TestNode(['control-plane', 'worker-1'])
    const dns = n.pod('dns', 'registry.k8s.io/coredns/coredns:v1.14.2')
    n.run(SECOND)
    // No kube-proxy here: the Service address is the pod's own.
    const ip = n.reader.get('sandboxes', n.container(dns).sandboxId)!.ip
    n.put('services', 'kube-system/kube-dns', {
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: { clusterIP: ip },
    })
    n.tellDns('services', { metadata: { name: 'web', namespace: 'default' }, spec: { clusterIP: '10.96.7.7' } })
    const early = sh(n, 'early', 'nslookup web | tail -n 2')
    n.run(SECOND)
    for (const resource of ['services', 'endpointslices', 'namespaces'])
      n.tellDns(resource, { metadata: {} }, 'BOOKMARK')
    const client = sh(n, 'client', 'nslookup web | tail -n 3; curl web; wget -qO- nope.example.org || true')
    n.run(30 * SECOND)
    expect(n.log(early)[0]).toContain("server can't find web")
    expect(n.log(client)).toEqual([
      'Name:\tweb.default.svc.cluster.local',
      'Address: 10.96.7.7',
      '',
      'sh: curl: not found',
      "wget: bad address 'nope.example.org'",
    ])
  })
})

describe('images', () => {
  it('an unknown image sleeps and says so', () => {
    const n = new TestNode()
    const id = n.pod('x', 'ghcr.io/acme/shop:v3')
    n.run(SECOND)
    expect(n.log(id)[0]).toContain('ghcr.io/acme/shop:v3: the lab does not know what this image runs')
    expect(n.container(id)).toMatchObject({ state: 'CONTAINER_RUNNING', behaviour: 'unknown' })
    expect(imageNote('nginx:1.27')).toBeUndefined()
    expect(imageNote('nginx:1.161')).toContain('pull will fail')
  })

  it('busybox without a command ends at once, as it does without a terminal', () => {
    const n = new TestNode()
    const id = n.pod('b', 'busybox')
    n.run(SECOND)
    expect(n.container(id)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 0, reason: 'Completed' })
  })

  it("the lab's own behave as they are told", () => {
    const n = new TestNode()
    const crasher = n.pod('crasher', 'nodeglass/crasher', { env: { AFTER_SECONDS: '2', EXIT_CODE: '9' } })
    const stubborn = n.pod('stubborn', 'nodeglass/ignores-sigterm')
    n.run(4 * SECOND)
    expect(n.container(crasher).exitCode).toBe(9)
    n.call('StopContainer', { container_id: stubborn, timeout: 2 })
    expect(n.log(stubborn)).toEqual(['ready; SIGTERM will not end me', 'SIGTERM: heard, going on'])
  })
})
