import type { Micros } from '../../sim/contract.ts'
import type { Plane } from '../drawing/plane.ts'

/** What an operator types to see a thing. On a node it is reached by ssh from the laptop. */
export interface Command {
  readonly line: string
  readonly node?: string
}

export interface Narration {
  /** Two or three words, as beside a lane. */
  readonly title: string
  /** One plain sentence with the facts. */
  readonly says: string
  readonly plane?: Plane
  /** How it stands at an instant. */
  readonly now?: (now: Micros) => string
  readonly command?: Command
  /** Page of kubernetes.io or of the manual that explains it: its title and address. Nothing is fetched. */
  readonly doc?: { readonly title: string; readonly address: string }
}

/** As typed in a terminal that stands on the laptop. */
export function typed(command: Command): string {
  return command.node === undefined ? command.line : `ssh ${command.node} ${command.line}`
}
