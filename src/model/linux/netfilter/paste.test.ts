import { describe, expect, it } from 'vitest'
import { parseDump } from './parse-dump.ts'
import { printSave } from './print-save.ts'

const SAVED = `*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SEP-AAAAAAAAAAAAAAAA - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-BBBBBBBBBBBBBBBB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SEP-AAAAAAAAAAAAAAAA -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.1.5:8080
-A KUBE-SERVICES -d 10.96.5.5/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-BBBBBBBBBBBBBBBB
-A KUBE-SVC-BBBBBBBBBBBBBBBB -m comment --comment "default/web:http -> 10.244.1.5:8080" -j KUBE-SEP-AAAAAAAAAAAAAAAA
COMMIT
`
const lines = SAVED.trimEnd().split('\n')
const plain = printSave(parseDump(SAVED).rules)
const map = (change: (line: string, i: number) => string): string => lines.map(change).join('\n')
const rulesOnly = lines.filter((line) => line.startsWith('-A'))

/** Breaks every line after so many columns, as a terminal does. */
const wrapped = (columns: number, end = '\n'): string =>
  lines.map((line) => line.match(new RegExp(`.{1,${columns}}`, 'g'))!.join(end)).join(end)

describe('rules in what people paste around them', () => {
  it.each<[string, string]>([
    ['remarks', map((line) => (line.startsWith('-A') ? `${line}      # what it does` : line))],
    ['CRLF', map((line) => `${line}\r`)],
    ['old Mac line ends', lines.join('\r')],
    ['a Markdown fence', `Here it is:\n\n\`\`\`shell\n${SAVED}\`\`\`\n`],
    ['a quoted mail', map((line) => `> ${line}`)],
    ['an indented block', map((line) => `    ${line}`)],
    ['counters', map((line) => (line.startsWith('-A') ? `[12:3456] ${line}` : line))],
    ['numbers of cat -n', map((line, i) => `${String(i + 1).padStart(6)}\t${line}`)],
    ['a numbered list', map((line, i) => `${i + 1}. ${line}`)],
    ['grep -n', map((line, i) => `${i + 1}:${line}`)],
    ['grep over files', map((line, i) => `/tmp/node1.rules:${i + 1}:${line}`)],
    ['kubectl logs --prefix', map((line) => `[pod/kube-proxy-x7f2k/kube-proxy] ${line}`)],
    ['kubectl logs --timestamps', map((line) => `2026-01-24T14:00:18.123456789Z ${line}`)],
    ['a container log file', map((line) => `2026-01-24T14:00:18.123456789+01:00 stdout F ${line}`)],
    ['docker compose logs', map((line) => `node_1  | ${line}`)],
    ['journald', map((line) => `Jan 24 14:00:18 node1 dump[77]: ${line}`)],
    ['an added file of a diff', map((line) => `+${line}`)],
    ['a prompt above and one below', `root@node1:~# iptables-save -t nat\n${SAVED}root@node1:~#\n`],
    ['a prompt with a password', `[me@node1 ~]$ sudo iptables-save\n[sudo] password for me: \n${SAVED}[me@node1 ~]$ `],
    ['kubectl exec', `$ kubectl -n kube-system exec kube-proxy-x -- iptables-save -t nat\n${SAVED}`],
    ['HTML', SAVED.replaceAll('"', '&quot;').replaceAll('>', '&gt;')],
    ['typographic quotes', SAVED.replace(/"([^"]*)"/g, '\u201C$1\u201D')],
    ['blanks that do not break', SAVED.replaceAll(' ', '\u00A0')],
    ['colours', map((line) => line.replace('KUBE', '\u001B[01;31mKUBE\u001B[m'))],
    ['one string of JSON', JSON.stringify(SAVED)],
    ['a terminal of 80 columns', wrapped(80)],
    ['a terminal of 100 columns', wrapped(100, '\r\n')],
    ['a terminal of 61 columns', wrapped(61)],
  ])('%s', (_, text) => {
    const { rules, ruleCount, problems } = parseDump(text)
    expect(problems.filter((p) => p.severity !== 'note' && !p.message.startsWith('not a rule'))).toEqual([])
    expect(ruleCount).toBe(4)
    expect(printSave(rules).replace(/\[\d+:\d+\] /g, '')).toBe(plain)
  })

  it.each<[string, string]>([
    ['grep', rulesOnly.join('\n')],
    ['a list of code', rulesOnly.map((line) => `- \`${line}\``).join('\n')],
    ['commands', rulesOnly.map((line) => `iptables -t nat ${line}`).join('\n')],
    ['commands of root', rulesOnly.map((line) => `root@n:/# iptables ${line} -t nat`).join('\n')],
    ['commands with sudo', rulesOnly.map((line) => `$ sudo iptables -w -t nat ${line}`).join('\n')],
    [
      'commands over lines',
      rulesOnly.map((line) => `iptables -t nat ${line.replace(' -j', ' \\\n    -j')}`).join('\n'),
    ],
    ['iptables -S', `$ iptables -t nat -S\n-P PREROUTING ACCEPT \n-N KUBE-SERVICES \n${rulesOnly.join(' \n')}`],
    [
      'iptables -S -v',
      `# iptables -t nat -S -v\n${rulesOnly.map((line) => line.replace(' -j', ' -c 12 3456 -j')).join('\n')}`,
    ],
    [
      'rules put in front of each other',
      [...rulesOnly]
        .reverse()
        .map((line) => line.replace('-A', '-I'))
        .join('\n'),
    ],
  ])('%s: the nat table is worked out', (_, text) => {
    const { rules, ruleCount } = parseDump(text)
    expect(ruleCount).toBe(4)
    expect(rules.tables()).toEqual(['nat'])
    const saved = printSave(rules)
    for (const line of rulesOnly) expect(saved).toContain(`${line}\n`)
  })

  it.each<[string, RegExp]>([
    [
      'Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\n pkts bytes target prot opt in out source destination',
      /iptables-save/,
    ],
    ['IP Virtual Server version 1.2.1 (size=4096)\nTCP 10.96.0.1:443 rr', /iptables-save/],
    ['-A -t 10.96.0.1:443 -s rr\n-a -t 10.96.0.1:443 -r 172.18.0.2:6443 -m -w 1', /ipvsadm.*iptables-save/],
    ['create s hash:ip family inet\nadd s 10.0.0.1', /ipset.*iptables-save/],
    ['Name: cali40all\nType: hash:net\nMembers:\n10.0.0.1', /iptables-save/],
    ['{"nftables": [{"metainfo": {}}]}', /nft list ruleset/],
    ['Status: active\n\nTo                         Action      From', /iptables-save/],
    ['-bash: iptables-save: command not found', /sudo iptables-save/],
    ['bash: iptables-save: command not found', /sudo iptables-save/],
    ['Error from server (NotFound): pods "x" not found', /iptables-save/],
    ['hello', /iptables-save/],
    ['', /iptables-save/],
  ])('says what to run instead of %j', (text, instead) => {
    const { problems } = parseDump(text)
    expect(problems.find((p) => p.severity === 'error')?.message).toMatch(instead)
  })

  it('warns of rules in the other backend, and leaves the other family out', () => {
    const six = `# Generated by ip6tables-save v1.8.9 (nf_tables)\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s fd00::1/128 -j DROP\nCOMMIT\n`
    const { rules, problems } = parseDump(
      `# Generated by iptables-save v1.8.9 (nf_tables)\n${SAVED}# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n${six}`,
    )
    expect(rules.family).toBe(4)
    expect(rules.tables()).toEqual(['nat'])
    expect(problems.map((p) => p.message)).toEqual([
      expect.stringContaining('iptables-legacy-save'),
      expect.stringContaining('ip6tables-save'),
    ])
    expect(parseDump(six).rules.family).toBe(6)
  })

  it('keeps what it cannot read as an open question', () => {
    const { problems, ruleCount } = parseDump(
      '*filter\n-A INPUT -s x.x.x.x/32 -j DROP\n-A INPUT -p tcp --dport\nCOMMIT',
    )
    expect(ruleCount).toBe(2)
    expect(problems.map((p) => p.severity)).toEqual(['warning', 'warning'])
  })
})
