/** What people paste that is no dump of rules, and what to run instead. */
import type { Line } from './paste-lines.ts'

const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [
    /^Chain \S+ \((?:policy|\d+ references)/,
    'this is a listing of `iptables -L`, which leaves out parts of the rules; run `iptables-save` and paste that',
  ],
  [
    /^table (?:ip|ip6|inet|arp|bridge|netdev) \S+ \{/,
    'this is an nftables ruleset (`nft list ruleset`); for the rules of iptables run `iptables-save` on this node and paste that',
  ],
  [/^\{\s*"nftables"/, 'this is the JSON of nft; run `nft list ruleset` without -j and paste that'],
  [
    /^(?:TCP|UDP|SCTP|FWM)\s+\S+:?\d*\s+\w+|^IP Virtual Server|^-A -[tuf] \S+ -s \w+/,
    'this is the table of ipvsadm, not rules; run `iptables-save` and paste that (in IPVS mode it shows what is left to iptables)',
  ],
  [/^Name: \S+$/, 'this is a list of ipset, not rules; run `iptables-save` and paste that, with `ipset save` below it'],
  [/^Status: (?:in)?active|^To\s+Action\s+From/, 'this is `ufw status`, not rules; run `iptables-save` and paste that'],
  [/^(?:Bridge table|Bridge chain): /, 'this is a listing of ebtables; run `iptables-save` and paste that'],
  [
    /^(?:public|trusted|default|\w+) \((?:active|default)[^)]*\)$/,
    'this is a zone of firewalld, not rules; run `iptables-save` (or `nft list ruleset`) and paste that',
  ],
  [
    /^-?(?:ip6?tables(?:-save)?|bash|sh|sudo): .*(?:not found|ermission denied|you must be root)/,
    'this is the error of a command that did not run; run `sudo iptables-save` and paste what it prints',
  ],
  [/^(?:Error from server|error: )/, 'this is an error of kubectl; run `iptables-save` on the node and paste that'],
]

export function notADump(lines: readonly Line[]): { line: number; message: string } | undefined {
  for (const { at, text } of lines)
    for (const [what, message] of INSTEAD) if (what.test(text)) return { line: at, message }
  if (lines.length > 0 && lines.every(({ text }) => /^(?:create|add|family|table) /.test(text)))
    return {
      line: lines[0]!.at,
      message: 'this is an ipset dump, not rules; run `iptables-save` and paste that, with these lines below it',
    }
  return undefined
}
