/** What the person has arranged: view, node, choice, dock. Lives with the page; the sizes are remembered. */
import { create } from 'zustand'
import { load, save } from '../lab/storage.ts'
import { PLANES, type Plane } from '../lab/protocol.ts'
import type { Selection } from '../views/contract.ts'
import { DEFAULT_NODE } from './opening.ts'

export type DockTab = 'terminal' | 'yaml' | 'events' | 'why'

export interface ManifestFile {
  readonly name: string
  readonly text: string
}

interface Sizes {
  lesson: number
  lessonOpen: boolean
  dock: number
  /** Height of the dock while it shows the editor, which needs more room than a terminal. */
  editor: number
  dockOpen: boolean
  /** Share of the first of two views, per cent. */
  split: number
  inspector: boolean
}

export const LESSON_WIDTH = { least: 320, first: 380, most: 520 } as const
export const DOCK_HEIGHT = { least: 96, first: 186, editor: 340, most: 560 } as const

const FIRST: Sizes = {
  lesson: LESSON_WIDTH.first,
  lessonOpen: true,
  dock: DOCK_HEIGHT.first,
  editor: DOCK_HEIGHT.editor,
  dockOpen: true,
  split: 60,
  inspector: false,
}

interface StageState extends Sizes {
  view: string
  beside: string | undefined
  node: string
  /** Planes that the lesson dwells on; undefined: what the picture watches. */
  planes: readonly Plane[] | undefined
  selected: Selection | undefined
  /** What the Why tab explains; else it follows the choice. */
  why: Selection | undefined
  tab: DockTab
  /** Counts up to send the keyboard to the terminal, with a line to type there. */
  typed: { line: string; count: number }
  focusTerminal: number
  files: readonly ManifestFile[]
  file: string
  /** The sheet that holds the lesson on a small screen, in per cent of the height. */
  sheet: 34 | 60 | 92 | 0
  /** The sheet shows the lesson and not a panel. */
  sheetLesson: boolean
  /** An overlay of the whole page. */
  overlay: 'palette' | 'keys' | 'share' | undefined
  /** On a projector: the picture alone, large. */
  present: boolean
  spotlight: boolean
  /** Single keys steer time and views; off for people whose input types stray keys. */
  keys: boolean
}

export const useStage = create<StageState>(() => ({
  ...FIRST,
  ...load<Partial<Sizes>>('sizes', {}),
  view: 'node',
  beside: undefined,
  node: DEFAULT_NODE,
  planes: undefined,
  selected: undefined,
  why: undefined,
  tab: 'terminal',
  typed: { line: '', count: 0 },
  focusTerminal: 0,
  files: [],
  file: '',
  sheet: 34,
  sheetLesson: true,
  overlay: undefined,
  present: false,
  spotlight: false,
  keys: load('keys', true),
}))

export function arrange(sizes: Partial<Sizes>): void {
  useStage.setState(sizes)
  const { lesson, lessonOpen, dock, editor, dockOpen, split, inspector } = useStage.getState()
  save('sizes', { lesson, lessonOpen, dock, editor, dockOpen, split, inspector })
}

export function select(selected: Selection | undefined): void {
  useStage.setState({ selected, why: undefined })
}

/** A click in the lab: what was chosen is shown beside the dock, with its values and its command. */
export function inspect(selected: Selection | undefined): void {
  select(selected)
  const { inspector, dockOpen } = useStage.getState()
  if (selected && !(inspector && dockOpen)) arrange({ inspector: true, dockOpen: true })
}

export function openDock(tab: DockTab): void {
  useStage.setState({ tab, sheetLesson: false })
  if (useStage.getState().sheet === 0) useStage.setState({ sheet: 34 })
  arrange({ dockOpen: true })
}

export function runInTerminal(line: string): void {
  const { typed } = useStage.getState()
  useStage.setState({ typed: { line, count: typed.count + 1 } })
  openDock('terminal')
}

export function askWhy(selection: Selection): void {
  useStage.setState({ selected: selection, why: selection })
  openDock('why')
}

export function putFile(name: string, text: string): void {
  const { files, file } = useStage.getState()
  const known = files.some((held) => held.name === name)
  useStage.setState({
    files: known ? files.map((held) => (held.name === name ? { name, text } : held)) : [...files, { name, text }],
    file: file || name,
  })
}

export function setKeys(on: boolean): void {
  useStage.setState({ keys: on })
  save('keys', on)
}

export function planesOf(names: readonly string[] | undefined): readonly Plane[] | undefined {
  const known = PLANES.filter((plane) => names?.includes(plane))
  return known.length > 0 ? known : undefined
}
