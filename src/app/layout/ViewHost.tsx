import { Suspense, use, useCallback, useRef } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import type { ViewModule } from '../../views/contract.ts'
import { useReducedMotion, useSize } from '../hooks.ts'
import { askWhy, inspect, runInTerminal, select, useStage } from '../stage.ts'
import type { ViewEntry } from '../views.ts'
import { Boundary } from './Boundary.tsx'
import css from './lab.module.css'

const loading = new Map<string, Promise<ViewModule>>()

/** One promise per picture, so that `use` finds the same one on each render. */
export function loadView(entry: ViewEntry): Promise<ViewModule> {
  let promise = loading.get(entry.id)
  if (!promise) {
    promise = entry.load()
    promise.catch(() => loading.delete(entry.id))
    loading.set(entry.id, promise)
  }
  return promise
}

interface ViewHostProps {
  readonly entry: ViewEntry
  readonly label?: string
  /** There is an inspector on the page: it opens for what is chosen. */
  readonly inspects?: boolean
}

/** Gives a picture its room, its records and its clock. */
export function ViewHost({ entry, label, inspects = false }: ViewHostProps) {
  const root = useRef<HTMLDivElement>(null)
  return (
    <div ref={root} className={css.view} data-view={entry.id} aria-label={label}>
      <Boundary what={`The ${entry.title} picture`} resetKey={entry.id}>
        <Suspense fallback={<p className={css.loading}>{entry.title}</p>}>
          <Drawn entry={entry} root={root} onSelect={inspects ? inspect : select} />
        </Suspense>
      </Boundary>
    </div>
  )
}

interface DrawnProps {
  readonly entry: ViewEntry
  readonly root: React.RefObject<HTMLDivElement | null>
  readonly onSelect: typeof select
}

function Drawn({ entry, root, onSelect }: DrawnProps) {
  const View = (entry.now ?? use(loadView(entry))).default
  const size = useSize(root)
  const ready = useLab((state) => state.ready)
  const replica = useLab((state) => state.replica)
  const shown = useLab((state) => state.shown)
  const node = useStage((state) => state.node)
  const selected = useStage((state) => state.selected)
  const reducedMotion = useReducedMotion()
  const onNode = useCallback((next: string) => useStage.setState({ node: next }), [])
  if (!size || !ready || size.width < 8 || size.height < 8) return null
  return (
    <View
      replica={replica}
      now={shown}
      node={node}
      selected={selected}
      onSelect={onSelect}
      size={size}
      onFrame={theLab().onFrame}
      reducedMotion={reducedMotion}
      onRun={runInTerminal}
      onWhy={askWhy}
      onNode={onNode}
    />
  )
}
