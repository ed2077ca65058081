import { useRef } from 'react'
import { useFrame, useLab } from '../../lab/client.ts'
import { stopwatch } from '../../sim/clock.ts'
import css from './transport.module.css'

/** Model time, written once per frame outside React; in a compressed gap its digits spin. */
export function Clock({ className = css.clock }: { className?: string }) {
  const node = useRef<HTMLSpanElement>(null)
  const spinning = useLab((state) => state.spinning)
  useFrame((now) => {
    const text = stopwatch(now)
    if (node.current && node.current.textContent !== text) node.current.textContent = text
  })
  return (
    <span
      ref={node}
      className={className}
      role="timer"
      aria-live="off"
      aria-label="Model time"
      data-spinning={spinning}
      title="Model time since the cluster began"
    >
      00:00:00.000
    </span>
  )
}
