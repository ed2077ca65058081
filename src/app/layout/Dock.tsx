import { lazy, Suspense } from 'react'
import { useReplica } from '../../lab/client.ts'
import { DOCK_TABS, terminalPanel } from '../dock/panels.ts'
import { Chevron } from '../icons.tsx'
import { arrange, DOCK_HEIGHT, useStage, type DockTab } from '../stage.ts'
import { Boundary } from './Boundary.tsx'
import { Splitter } from './Splitter.tsx'
import { Tabs } from './Tabs.tsx'
import shell from './shell.module.css'
import css from './lab.module.css'

const Terminal = lazy(() => import('../dock/Terminal.tsx'))
const Yaml = lazy(() => import('../dock/Yaml.tsx'))
const Events = lazy(() => import('../dock/Events.tsx'))
const Why = lazy(() => import('../dock/Why.tsx'))
const Inspector = lazy(() => import('../dock/Inspector.tsx'))

export function DockPanel({ tab }: { tab: DockTab }) {
  return (
    <Boundary what="This panel" resetKey={tab}>
      <Suspense fallback={null}>
        {tab === 'terminal' && terminalPanel ? (
          <Terminal />
        ) : tab === 'yaml' ? (
          <Yaml />
        ) : tab === 'why' ? (
          <Why />
        ) : (
          <Events />
        )}
      </Suspense>
    </Boundary>
  )
}

export function Dock() {
  const { tab, dockOpen, inspector, ...sizes } = useStage()
  const which = tab === 'yaml' ? 'editor' : 'dock'
  const height = sizes[which]
  const choose = (id: string): void => {
    if (dockOpen && id === tab) return arrange({ dockOpen: false })
    useStage.setState({ tab: id as DockTab })
    arrange({ dockOpen: true })
  }
  return (
    <>
      <Splitter
        label="Height of the dock"
        direction="horizontal"
        sign={-1}
        value={dockOpen ? height : 36}
        least={DOCK_HEIGHT.least}
        most={DOCK_HEIGHT.most}
        onChange={(to) => arrange({ [which]: to, dockOpen: true })}
        onToggle={() => arrange({ dockOpen: !dockOpen })}
      />
      <section className={css.dock} data-open={dockOpen} style={{ height: dockOpen ? height : 36 }} aria-label="Dock">
        <div className={css.dockBar}>
          <Tabs
            label="Dock"
            items={DOCK_TABS}
            current={dockOpen ? tab : undefined}
            panel="dock-panel"
            onChoose={choose}
          />
          <div className={shell.tabsRight}>
            <NodeChooser />
            <button
              className={shell.small}
              aria-pressed={inspector && dockOpen}
              onClick={() => arrange({ inspector: !(inspector && dockOpen), dockOpen: true })}
            >
              Inspector
            </button>
            <button
              className={shell.small}
              aria-label={dockOpen ? 'Close the dock' : 'Open the dock'}
              aria-expanded={dockOpen}
              onClick={() => arrange({ dockOpen: !dockOpen })}
            >
              <Chevron down={dockOpen} />
            </button>
          </div>
        </div>
        {dockOpen && (
          <div className={css.dockBody}>
            <div className={css.dockPanel} id="dock-panel" role="tabpanel" aria-labelledby={`dock-panel-${tab}`}>
              <DockPanel tab={tab} />
            </div>
            {inspector && (
              <aside className={css.inspector} aria-label="Inspector">
                <Suspense fallback={null}>
                  <Inspector />
                </Suspense>
              </aside>
            )}
          </div>
        )}
      </section>
    </>
  )
}

/** Which node the pictures show. */
export function NodeChooser() {
  const node = useStage((state) => state.node)
  const nodes = useReplica((replica) => replica.all('machines').map((machine) => machine.name))
  if (nodes.length === 0) return <span>{node}</span>
  return (
    <select
      className={css.node}
      aria-label="Node in the pictures"
      value={node}
      onChange={(event) => useStage.setState({ node: event.target.value })}
    >
      {nodes.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  )
}
