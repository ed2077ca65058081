import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../bin/nodeglass.js', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'nodeglass-cli-'))

function file(name: string, text: string): string {
  const path = join(home, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}

/** From a folder that is not the project's: nothing may depend on where it is started. */
function nodeglass(args: string[], stdin = ''): { out: string; err: string; exit: number } {
  const ran = spawnSync(process.execPath, [program, ...args], { cwd: home, input: stdin, encoding: 'utf8' })
  return { out: ran.stdout, err: ran.stderr, exit: ran.status ?? -1 }
}

describe('nodeglass sh', () => {
  test('runs a script of many lines from standard input; its status is that of the last line', () => {
    const a = file('a.yaml', 'kind: A\n')
    const b = file('b.yaml', 'kind: B\n')
    const script = 'cat a.yaml b.yaml\nfor n in 1 2; do\n  echo "n=$n"\ndone\ncat <<END\ntext\nEND\nkubectl get pod nobody'
    const { out, err, exit } = nodeglass(['sh', '--file', a, '--file', b, '-'], script)
    expect(out).toBe('kind: A\nkind: B\nn=1\nn=2\ntext\n')
    expect(err).toBe('Error from server (NotFound): pods "nobody" not found\n')
    expect(exit).toBe(1)
  })

  test('commands that wait move model time, and the same seed gives the same world', () => {
    const script =
      "date +%s; sleep 90; date +%s; kubectl run web --image=httpd; lab until 'kubectl get pod web | grep -q 1/1' --timeout 5m && lab hash"
    const first = nodeglass(['sh', '--seed', '7', script])
    const [before, after, , hash] = first.out.split('\n')
    expect(Number(after) - Number(before)).toBe(90)
    expect(hash).toMatch(/^[0-9a-f]{16}$/)
    expect(nodeglass(['sh', '--seed', '7', script]).out).toBe(first.out)
    expect(nodeglass(['sh', '--seed', '8', script]).out).not.toBe(first.out)
  })

  test('a fault shows, and has a why', () => {
    const { out, exit } = nodeglass([
      'sh',
      "lab fault kubelet-stopped worker-1; lab until 'kubectl get node worker-1 | grep -w NotReady' --timeout 90s; lab why node/worker-1 | head -20",
    ])
    expect(exit).toBe(0)
    expect(out).toMatch(/^worker-1 +NotReady /)
    expect(out).toContain('controller-manager -> apiserver')
  })
})

describe('wrong use ends with 2 and says where', () => {
  const broken = file('broken/kubelet/table.json', '{\n "table": "x",\n "cases": [1, {,} ]\n}\n')
  const services = file('case.json', '{\n "input": {\n  "services": 5\n }\n}\n')
  const listing = file('listing.txt', 'x\nChain INPUT (policy ACCEPT)\ntarget     prot opt source\n')
  const packet = ['--packet', 'tcp 10.0.0.1:1 > 10.0.0.2:2']
  const cases: [args: string[], says: string][] = [
    [['conformance', join(home, 'broken')], `${broken}:3:16: not valid JSON: unexpected ","`],
    [['rules', services], `${services}:3: services should be a list`],
    [['trace', '--rules', listing, ...packet], `${listing}:2: this is a listing of \`iptables -L\``],
    [['trace', '--rules', listing, '--packet', 'tcp 10.0.0.1'], 'write it as'],
    [['sh', '--scenario', 'nope', 'true'], 'no scenario "nope"; there are: default'],
    [['play', 'default', '--until', '5'], 'give a duration like 90s'],
    [['nope'], 'no command "nope"'],
  ]
  test.each(cases)('%j', (args, says) => {
    const { err, exit } = nodeglass(args)
    expect(err).toContain(says)
    expect(exit).toBe(2)
  })
})

test('what a node prints can be traced', () => {
  const rules = file('node.rules', nodeglass(['sh', '--scenario', 'shop', 'ssh worker-1 iptables-save']).out)
  const service = /-d (\S+)\/32 .*"shop\/web:http cluster IP"/.exec(nodeglass(['sh', `cat ${rules}`]).out || '')
  expect(service).toBeNull() // the machine's own files are not the laptop's
  const ip = nodeglass(['sh', '--scenario', 'shop', "kubectl get svc -n shop web -o jsonpath='{.spec.clusterIP}'"]).out
  const { out } = nodeglass(['trace', '--rules', rules, '--packet', `tcp 10.244.1.9:40000 > ${ip}:80`, '--json'])
  const result = JSON.parse(out) as Record<string, unknown> & { backends: string[]; steps: Record<string, unknown>[] }
  expect(result).toMatchObject({ verdict: 'ACCEPT', masquerade: false })
  expect(result.backends).toHaveLength(3)
  expect(Object.keys(result.steps[0]!)).toEqual(['hook', 'table', 'chain', 'rule', 'text', 'matched', 'action'])
})
