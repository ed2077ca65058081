import { useEffect, useRef, useState } from 'react'
import { theLab, useReplica } from '../../lab/client.ts'
import type { FaultInfo } from '../../lab/protocol.ts'
import type { Replica } from '../../views/contract.ts'
import { useStage } from '../stage.ts'
import { Menu } from './Menu.tsx'
import { setFault } from './set-fault.ts'
import shell from './shell.module.css'

/** Targets that are long ids are shortened; the whole stands in the title. */
const short = (target: string): string => (target.length > 40 ? `${target.slice(0, 18)}…${target.slice(-18)}` : target)
const MOST_TARGETS = 8

/** Break something: every fault of the model with what it can hit now, and the ones that are on, to heal. */
export function FaultMenu() {
  const [open, setOpen] = useState(false)
  const [faults, setFaults] = useState<readonly FaultInfo[]>([])
  const button = useRef<HTMLButtonElement>(null)
  const node = useStage((state) => state.node)
  const on = useReplica((replica) => replica.all('faults').map((fault) => `${fault.name}|${fault.target}`))
  useEffect(() => {
    if (!open) return
    let gone = false
    void theLab()
      .ask<FaultInfo[]>({ q: 'faults' })
      .then((found) => !gone && setFaults(found))
    return () => {
      gone = true
    }
  }, [open])
  return (
    <>
      <button
        ref={button}
        className={shell.small}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {on.length > 0 ? `${on.length} broken` : 'Break something'}
      </button>
      {open && faults.length > 0 && (
        <Menu anchor={button} label="Break something" onClose={() => setOpen(false)} style={{ right: 8, top: 36 }}>
          {on.map((key) => {
            const [name = '', target = ''] = key.split('|')
            const title = faults.find((fault) => fault.name === name)?.title ?? name
            return (
              <button key={key} role="menuitem" onClick={() => setFault(name, target, false)}>
                <span>Heal: {title}</span>
                <span>{short(target)}</span>
              </button>
            )
          })}
          {on.length > 0 && <hr />}
          {faults.map((fault) => (
            <FaultLines key={fault.name} fault={fault} node={node} on={on} />
          ))}
        </Menu>
      )}
    </>
  )
}

/** The node a target stands on: a node itself, or the one of a pod (`namespace/pod` or `namespace/pod/container`). */
function nodeOf(replica: Replica, target: string): string {
  const [namespace, pod] = target.split('/')
  return pod === undefined ? target : (replica.get('pods', `${namespace}/${pod}`)?.spec.nodeName ?? '')
}

/** What stands on the node in hand; the rest can be hit by `lab fault` in the terminal. */
function FaultLines({ fault, node, on }: { fault: FaultInfo; node: string; on: readonly string[] }) {
  const targets = useReplica((replica) =>
    fault.targets
      .filter((target) => !on.includes(`${fault.name}|${target}`) && nodeOf(replica, target) === node)
      .slice(0, MOST_TARGETS),
  )
  if (targets.length === 0) return null
  return (
    <div role="group" aria-label={fault.title}>
      {targets.map((target) => (
        <button
          key={target}
          role="menuitem"
          title={`${fault.summary} ${target}`}
          onClick={() => setFault(fault.name, target, true)}
        >
          <span>{fault.title}</span>
          <span>{short(target)}</span>
        </button>
      ))}
    </div>
  )
}
