import { useEffect, useRef, useState } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import type { ScenarioInfo } from '../../lab/protocol.ts'
import { hrefOf } from '../address.ts'
import { Chevron } from '../icons.tsx'
import { go } from '../routes.ts'
import { useStage } from '../stage.ts'
import { Menu } from './Menu.tsx'
import shell from './shell.module.css'

/** Which cluster the free lab runs: another one starts from its beginning. */
export function ScenarioMenu() {
  const [open, setOpen] = useState(false)
  const [all, setAll] = useState<readonly ScenarioInfo[]>([])
  const button = useRef<HTMLButtonElement>(null)
  const current = useLab((state) => state.scenario)
  const seed = useLab((state) => state.seed)
  const ready = useLab((state) => state.ready)
  useEffect(() => {
    if (!ready) return
    let gone = false
    void theLab()
      .ask<ScenarioInfo[]>({ q: 'scenarios' })
      .then((found) => !gone && setAll(found))
    return () => {
      gone = true
    }
  }, [ready])
  const anotherSeed = (): void => {
    const { view } = useStage.getState()
    useStage.setState({ selected: undefined })
    go(hrefOf('/lab', { view, scenario: current, seed: String(crypto.getRandomValues(new Uint16Array(1))[0]) }))
  }
  const title = all.find((one) => one.name === current)?.title ?? current
  return (
    <span className={shell.scenario}>
      <button
        ref={button}
        className={shell.small}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {title} <Chevron down />
      </button>
      {open && (
        <Menu anchor={button} label="Cluster" onClose={() => setOpen(false)} style={{ left: 0, top: 34 }}>
          {all.map((one) => (
            <button
              key={one.name}
              role="menuitemradio"
              aria-checked={one.name === current}
              title={one.says}
              onClick={() => {
                const { view } = useStage.getState()
                useStage.setState({ selected: undefined, node: one.name === 'single' ? 'control-plane' : 'worker-1' })
                go(hrefOf('/lab', { view, scenario: one.name }))
              }}
            >
              <span>{one.title}</span>
            </button>
          ))}
          <hr />
          <button role="menuitem" title="The same cluster, with other chances" onClick={anotherSeed}>
            <span>Another seed</span>
            <span>now {seed}</span>
          </button>
        </Menu>
      )}
    </span>
  )
}
