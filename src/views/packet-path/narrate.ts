/** What is said of the packet at a step, in one or two plain sentences. */
import type { Path } from './select.ts'
import type { PathStep } from './steps.ts'

export function narrate(path: Path, step: PathStep | undefined): string {
  if (!step) return atTheEnd(path)
  if (step.hook === 'connect()')
    return `No packet yet: a BPF program in the system call connect() rewrites the address. The socket asks for ${step.before.dst}:${step.before.dport} and is connected to ${step.after.dst}:${step.after.dport}.`
  if (step.hook === 'conntrack') return `${step.text}. No rule of the table nat is asked.`
  const rule = step.table === 'ipvs' || step.table === 'bpf' ? '' : `Rule ${step.rule} of ${step.chain} `
  if (!step.matched) return `${rule}does not match: ${step.reason}.`
  if (step.nat?.kind === 'DNAT') {
    const to = `${step.after.dst}:${step.after.dport}`
    if (step.table === 'ipvs')
      return `IPVS gives this connection to the real server ${to}: ${step.chain}, ${step.reason}.`
    if (step.table === 'bpf') return `The program rewrites the destination to the backend ${to}. No rule was compared.`
    return `${rule}rewrites the destination: the Service address becomes ${to}.`
  }
  if (step.nat?.kind === 'SNAT')
    return `${rule || 'The program '}rewrites the source to ${step.after.src}, so that the reply comes back through this node. ${whyMasqueraded(path, step)}`
  if (step.nat) return `The translation is undone: ${step.nat.from} becomes ${step.nat.to} again.`
  if (step.found !== undefined) return `${rule || `${step.text}: `}finds ${step.found}.`
  if (step.table === 'bpf') return `${step.text}.`
  return `${rule}matches: ${step.action}.`
}

/** Which rule marked the packet for masquerading, and what that means. */
export function whyMasqueraded(path: Path, step: PathStep): string {
  const before = path.steps.slice(0, path.steps.indexOf(step)).filter((s) => s.hop === step.hop)
  const at = before.findLastIndex(
    (s) =>
      s.matched &&
      /KUBE-MARK-MASQ|mark-for-masquerade|mark set/.test(`${s.action} ${s.text}`) &&
      !/^(KUBE-MARK-MASQ|mark-for-masquerade)$/.test(s.chain),
  )
  const by = before[at]
  if (!by) return ''
  const { text, chain } = by
  const why =
    /^KUBE-SEP-|^endpoint-/.test(chain) || /hairpin/.test(text)
      ? 'the pod reached itself through the Service: without a new source it would answer itself directly (hairpin)'
      : /^KUBE-EXT-|^external-/.test(chain)
        ? 'it came from outside and may go to a pod of any node (externalTrafficPolicy Cluster)'
        : /! -s |saddr !=/.test(text)
          ? 'its source is not in the range of the pods'
          : /src-type LOCAL|fib saddr type local/.test(text)
            ? 'it starts on a node'
            : 'a rule asked for it'
  return `Rule ${by.rule} of ${chain} had marked it: ${why}.`
}

function atTheEnd({ packet, flow }: Path): string {
  switch (packet.state) {
    case 'moving':
      return `The packet ${packet.what} to ${flow.dst}:${flow.dport} is on its way.`
    case 'delivered':
      return `The packet ${packet.what} has arrived at ${packet.now.dst}:${packet.now.dport}.`
    case 'rejected':
      return `Rejected: ${packet.why ?? 'refused'}. The sender is told at once${flow.error === 'refused' ? ': connection refused' : ''}.`
    case 'dropped':
      return `Dropped: ${packet.why ?? ''}. Nobody is told${again(flow.tries, flow.error)}`
    default:
      return `Lost: ${packet.why ?? 'nobody took it'}${again(flow.tries, flow.error)}`
  }
}

const again = (tries: number, error: string | undefined): string =>
  error === 'timeout'
    ? `; the client sent it ${tries + 1} times and gave up.`
    : tries > 0
      ? `; the client has sent it ${tries + 1} times.`
      : '; the client will send it again.'
