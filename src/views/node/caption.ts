/** The text twin of the picture: what is happening on this node now, in one or two short sentences. */
import type { Replica } from '../contract.ts'
import { say } from '../words/say.ts'
import { podsOfNode, type PodPicture } from './capsules.ts'

export function captionOf(replica: Replica, node: string): string {
  const doing = podsOfNode(replica, node)
    .filter(
      (p) =>
        p.phase === 'building' ||
        p.phase === 'ghost' ||
        p.containers.some((c) => c.state === 'unborn' || c.state === 'failed'),
    )
    .slice(-2)
    .map(sentence)
  if (doing.length === 2) return `${doing[0]} ${doing[1]}`
  if (doing.length === 1) return doing[0]!
  // Nothing is being built: the shell tells the message in hand.
  return ''
}

function sentence(pod: PodPicture): string {
  if (pod.cni) return say('caption.node.building', { pod: pod.shortName })
  const waiting = pod.containers.find((c) => c.state === 'failed') ?? pod.containers.find((c) => c.state === 'unborn')
  if (waiting?.state === 'failed')
    return say('caption.node.failed', { pod: pod.shortName, container: waiting.name, how: waiting.lines[0] })
  const doing = waiting?.lines[1] ?? 'its sandbox is being built'
  return say('caption.node.starting', { pod: pod.shortName, doing })
}
