import { beforeAll, describe, expect, test } from 'vitest'
import { openLab } from '../../lesson/lab.ts'
import type { Lab } from '../../lesson/play.ts'
import { createFilters } from '../../shell/filters.ts'

const loadFilters = async () =>
  createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0])

let lab: Lab
beforeAll(async () => {
  lab = openLab('shop', 1, loadFilters)
})
const on = (node: string, script: string) => lab.run(`ssh ${node} bash -s <<'END'\n${script}\nEND`)
const ask = async () => (await lab.run('kubectl exec -n shop deploy/client -- curl -s -m 2 web')).exit

describe('what nft refuses, and how it points at it (as nft 1.0.6 in a namespace of its own did)', () => {
  const cases: [command: string, says: string][] = [
    ['nft list table ip nope', 'Error: No such file or directory\nlist table ip nope\n              ^^^^\n'],
    [
      'nft add rule ip nope c accept',
      'Could not process rule: No such file or directory\nadd rule ip nope c accept\n            ^^^^\n',
    ],
    ['nft list', 'Error: syntax error, unexpected newline\nlist\n    ^\n'],
    ['nft', 'nft: no command specified\n'],
    [
      'nft add table ip t; nft add chain ip t services; nft add rule ip t servces accept',
      'Error: No such file or directory; did you mean chain ‘services’ in table ip ‘t’?\nadd rule ip t servces accept\n              ^^^^^^^\n',
    ],
    [
      'nft add rule ip t services ip saddr @foo accept',
      'Error: No such file or directory\nadd rule ip t services ip saddr @foo accept\n                                ^^^^\n',
    ],
    ['nft delete rule ip t services handle 99', 'handle 99\n                                 ^^\n'],
    ['nft add chain ip t a; nft add rule ip t services jump a; nft delete chain ip t a', 'Device or resource busy\n'],
    [
      "printf 'add rule ip t services tcp dport 99999 drop\\n' | nft -f -",
      '/dev/stdin:1:34-38: Error: Service out of range\n',
    ],
  ]
  test.each(cases)('%s', async (command, says) => {
    const { out } = await on('worker-1', `${command} 2>&1; echo "[$?]"`)
    expect(out).toContain(says)
    expect(out).toMatch(/\[1\]\n$/)
  })
})

describe('a table made by hand', () => {
  test('a transaction is whole or nothing', async () => {
    const { out } = await on(
      'worker-1',
      "printf 'add table ip half\\nadd rule ip half c accept\\n' | nft -f - 2>/dev/null; nft list tables",
    )
    expect(out).not.toContain('half')
  })

  test('a packet meets its drop, its counter counts, and deleting it lets the next one through', async () => {
    expect(await ask()).toBe(0)
    await on(
      'worker-2',
      `nft -f - <<'X'
table inet guard {
  set closed { type inet_service; elements = { 8080 } }
  chain f {
    type filter hook forward priority -5; policy accept;
    meta l4proto tcp th dport @closed counter drop comment "closed by hand"
  }
}
X`,
    )
    expect(await ask()).toBe(28)
    const listed = (await on('worker-2', 'nft list table inet guard')).out
    expect(listed).toMatch(/counter packets [1-9]\d* bytes \d+ drop comment "closed by hand"/)
    expect(listed).toContain('priority filter - 5; policy accept;')
    await on('worker-2', "nft delete element inet guard closed '{ 8080 }'")
    expect(await ask()).toBe(0)
  })
})
