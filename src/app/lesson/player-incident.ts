/** What the device keeps of an incident: the attempt under way, and the last one that was closed. Plain data. */
import type { Deed } from '../../lab/protocol.ts'
import type { Grade } from '../../lesson/incident.ts'
import type { LessonProgress } from './player.ts'

/** A step of a chain of causes as the debrief shows it; kept, because the cluster is gone after a reload. */
export interface ChainStep {
  title: string
  says: string
  /** Model time. */
  at: number
  rules: { id: string; says: string; source: string; facts: [string, string][] }[]
  root: boolean
  /** What was asked for, where it is short enough to read. */
  body?: string
  skipped: number
}

export interface ReportText {
  /** Cause block -> index of the option that was chosen. */
  chosen: Record<string, number>
  cause: string
  evidence: string
  fix: string
}

export interface Closed {
  arrivedAt: number
  usedMicros: number
  grade: Grade
  /** Check -> what was wrong; empty: it held. */
  checks: Record<string, string>
  hints: number
  unrelated: string[]
  deeds: Deed[]
  report: ReportText
  right: Record<string, number>
  chains: ChainStep[][]
  /** The whole run as in a link, with what lay before the arrival; empty where it could not be had. */
  run: string
  /** Times the learner went back and did otherwise. */
  forks: number
}

export interface IncidentProgress {
  /** Model time at which the attempt began; absent: not begun. */
  arrivedAt?: number
  hints: number
  report: ReportText
  /** Cause block -> index of the cause that has its evidence at the arrival. */
  right: Record<string, number>
  closed?: Closed
  /** Best score of all attempts. */
  best?: number
}

export const NO_REPORT: ReportText = { chosen: {}, cause: '', evidence: '', fix: '' }
export const NOT_BEGUN: IncidentProgress = { hints: 0, report: NO_REPORT, right: {} }

/** `04:07`, and hours where there are any. */
export function spellTime(micros: number): string {
  const seconds = Math.max(0, Math.floor(micros / 1_000_000))
  const two = (n: number): string => String(n).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** Another attempt: only the best score stays. */
export function again(progress: LessonProgress): LessonProgress {
  const best = progress.incident?.best
  return { ...progress, passed: [], incident: { ...NOT_BEGUN, ...(best === undefined ? {} : { best }) } }
}
