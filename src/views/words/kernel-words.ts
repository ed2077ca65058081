/** CNI, OCI and kernel: what is done in fork, exec, netlink and files. */
import type { SimEvent } from '../../sim/contract.ts'
import { placeOf } from '../../sim/contract.ts'
import { actorPhrase, actorSubject } from './actors.ts'
import type { NameOfId } from './cri-words.ts'
import { ENGLISH } from './english.ts'
import { pick, plain, shortId, words, type Plain } from './facts.ts'
import type { Command, Narration } from './narration.ts'
import { say, type SentenceId } from './say.ts'
import { DOCS } from './upstream-docs.ts'

const who = (event: SimEvent) => ({
  From: actorSubject(event.from),
  from: actorPhrase(event.from),
  to: actorPhrase(event.to),
  To: actorSubject(event.to),
})

export function narrateCni(event: SimEvent): Narration {
  const data = plain(event.data)
  const node = placeOf(event.to)
  const pod = pick(plain(data.args), 'K8S_POD_NAME')
  const netns = pick(data, 'netns')?.replace(/^.*\//, '')
  const command: Command = { line: netns === undefined ? 'ip netns list' : `ip netns exec ${netns} ip addr`, node }
  const base = { plane: 'kernel' as const, command, doc: DOCS.cni }
  const facts = { ...who(event), pod }
  switch (event.kind) {
    case 'cni.add':
      return {
        ...base,
        title: say('cni.add.title'),
        says: say('cni.add', facts),
        command: { line: 'ip netns list', node },
      }
    case 'cni.del':
      return { ...base, title: say('cni.del.title'), says: say('cni.del', facts) }
    case 'cni.check':
      return { ...base, title: say('cni.check.title'), says: say('cni.check', facts) }
    case 'cni.result': {
      const error = pick(data, 'error')
      if (error !== undefined)
        return { ...base, title: say('cni.result.error.title'), says: say('cni.result.error', { error }) }
      if (data.command !== 'ADD') return { ...base, title: say('cni.result.del.title'), says: say('cni.result.del') }
      const first = plain(Array.isArray(data.ips) ? data.ips[0] : undefined)
      const ip = pick(first, 'address')?.replace(/\/\d+$/, '')
      return {
        ...base,
        title: say('cni.result.title', { ip }),
        says: say('cni.result', { ip, gateway: pick(first, 'gateway') }),
      }
    }
    default:
      return {
        ...base,
        title: say('cni.other.title', { what: words(event.kind) }),
        says: say('cni.other', { ...facts, what: words(event.kind) }),
      }
  }
}

export function narrateOci(event: SimEvent, nameOfId: NameOfId): Narration {
  const data = plain(event.data)
  const id = pick(data, 'containerId', 'container_id', 'id', 'sandboxId')
  const op = pick(data, 'op')
  const what = pick(data, 'name', 'container') ?? (id === undefined ? undefined : (nameOfId(id) ?? shortId(id))) ?? ''
  const facts = {
    ...who(event),
    what,
    op,
    pid: pick(data, 'pid'),
    error: pick(data, 'error'),
    command: commandLine(data.args),
    signal: pick(data, 'signal') ?? 'SIGTERM',
  }
  const command: Command = {
    line: id === undefined ? 'crictl ps -a' : `crictl inspect ${shortId(id)}`,
    node: placeOf(event.to),
  }
  if (event.kind === 'oci.result' && facts.error !== undefined) {
    return {
      plane: 'kernel',
      command,
      doc: DOCS.runc,
      title: say('oci.error.title', facts),
      says: say('oci.error', facts),
    }
  }
  return byKind(event, 'oci', facts, { plane: 'kernel', command, doc: DOCS.runc }, what)
}

export function narrateKernel(event: SimEvent, nameOfId: NameOfId): Narration {
  const data = plain(event.data)
  const id = pick(data, 'containerId', 'sandboxId')
  const name = pick(data, 'name', 'dev', 'netns')
  const named = id === undefined ? undefined : (nameOfId(id) ?? shortId(id))
  const what = named ?? pick(data, 'what', 'says', 'path', 'target', 'volume') ?? name ?? words(event.kind)
  const node = placeOf(event.to)
  const kind = pick(data, 'kind')
  const facts = {
    ...who(event),
    what,
    name: name === '' ? 'the host' : name?.replace(/^(cni-[0-9a-f]{8})-[0-9a-f-]+$/, '$1'),
    link: kind === 'veth' ? 'veth pair' : (kind ?? 'link'),
    updown: data.up === false ? 'down' : 'up',
    address: pick(data, 'address'),
    dst: pick(data, 'dst'),
    dev: pick(data, 'dev'),
    pid: pick(data, 'pid') ?? '-',
    signal: pick(data, 'signal') ?? 'SIGTERM',
    code: pick(data, 'exitCode', 'code'),
    port: pick(data, 'port'),
    command: pick(data, 'comm') ?? commandLine(data.cmdline) ?? commandLine(data.argv) ?? what,
  }
  return byKind(
    event,
    'kernel',
    facts,
    { plane: 'kernel', command: kernelCommand(event.kind, data, node), doc: kernelDoc(event.kind) },
    what,
  )
}

function commandLine(value: unknown): string | undefined {
  return Array.isArray(value) && value.length > 0 ? value.join(' ') : undefined
}

/** The sentence of the kind, of its first part, or the general one. */
function byKind(
  event: SimEvent,
  family: 'oci' | 'kernel',
  facts: Record<string, string | number | undefined>,
  rest: Omit<Narration, 'title' | 'says'>,
  what: string,
): Narration {
  const id = event.kind in ENGLISH ? (event.kind as SentenceId) : undefined
  if (id !== undefined && `${id}.title` in ENGLISH) {
    return { ...rest, title: say(`${id}.title` as SentenceId, facts), says: say(id, facts) }
  }
  const plainWords = words(event.kind)
  const said = what !== '' && what !== plainWords ? `${plainWords} ${what}` : plainWords
  return {
    ...rest,
    title: say(`${family}.other.title`, { what: plainWords }),
    says: say(`${family}.other`, { ...facts, what: said }),
  }
}

function kernelCommand(kind: string, data: Plain, node: string): Command {
  if (/mount|volume/.test(kind)) return { line: 'mount', node }
  if (/cgroup|mkdir|oom/.test(kind)) return { line: 'systemd-cgls', node }
  if (/rule|iptables|nft|restore|sync/.test(kind)) return { line: 'iptables-save -t nat', node }
  if (/route/.test(kind)) return { line: 'ip route', node }
  if (/process|clone|exec|run|signal|exit|kill|grow/.test(kind)) return { line: 'ps -ef', node }
  const netns = pick(data, 'netns')?.replace(/^.*\//, '')
  return { line: netns === undefined ? 'ip netns list' : `ip netns exec ${netns} ip addr`, node }
}

function kernelDoc(kind: string): Narration['doc'] {
  if (/mount|volume/.test(kind)) return DOCS.volumes
  if (/cgroup|mkdir|oom/.test(kind)) return DOCS.cgroups
  if (/rule|iptables|nft|restore|sync/.test(kind)) return DOCS.proxy
  return DOCS.netns
}
