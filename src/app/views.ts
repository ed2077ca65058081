/**
 * The pictures. One line adds one; it is offered as soon as `src/views/ID/View.tsx` exists. The Node picture comes with
 * the first load, the others when they are first shown.
 */
import type { WatchFilter } from '../lab/protocol.ts'
import type { ViewModule } from '../views/contract.ts'
import { nodeWatch } from './opening.ts'

export interface ViewEntry {
  readonly id: string
  readonly title: string
  /** One sentence for the palette and the help. */
  readonly says: string
  /** What Follow gives a moment to while this picture is shown. */
  readonly watch: (node: string) => WatchFilter
  readonly load: () => Promise<ViewModule>
  /** Already here. */
  readonly now?: ViewModule
}

const eager = import.meta.glob<ViewModule>('../views/node/View.tsx', { eager: true })
const lazy = import.meta.glob<ViewModule>(['../views/*/View.tsx', '!../views/node/View.tsx'])

type Line = [id: string, title: string, says: string, watch?: (node: string) => WatchFilter]

const LINES: readonly Line[] = [
  ['node', 'Node', 'A node cut open: agents, runtime, kernel.'],
  [
    'pod-start',
    'Pod start',
    'Every message that makes a pod run, in lanes.',
    (node) => ({ actors: [`${node}/`, 'scheduler'], planes: ['api', 'cri', 'kernel', 'store'] }),
  ],
  [
    'packet-path',
    'Packet path',
    'One packet through hooks, rules and namespaces.',
    () => ({ kinds: ['net.hop'], routine: true }),
  ],
  ['rules', 'Rules', 'The tables of the kernel as text, live; four modes of kube-proxy side by side.'],
  ['resources', 'Resources', 'What is promised, used and about to be evicted.'],
  ['cluster', 'Cluster', 'Nodes, leases, grace and who is told what.', () => ({ planes: ['api', 'packet'] })],
  ['sync-loop', 'Sync loop', 'The kubelet from the inside: channels, workers, timers.'],
  ['timeline', 'Timeline', 'Every actor a lane, every message an arrow.', () => ({})],
  ['forks', 'Forks', 'The past again with one line changed, side by side with what was.'],
  ['own-rules', 'Your rules', 'Bring your own rules: paste iptables-save or nft, send a packet, see its way.'],
]

const path = (id: string): string => `../views/${id}/View.tsx`

export const VIEWS: readonly ViewEntry[] = LINES.flatMap(([id, title, says, watch = nodeWatch]) => {
  const now = eager[path(id)]
  const load = now ? () => Promise.resolve(now) : lazy[path(id)]
  return load ? [{ id, title, says, watch, load, ...(now ? { now } : {}) }] : []
})

export function viewOf(id: string | null | undefined): ViewEntry | undefined {
  return VIEWS.find((view) => view.id === id)
}
