/** The rules in hand, the packet and its way. Lives with the page, so that another picture can be looked at meanwhile. */
import { create } from 'zustand'
import { theLab } from '../../lab/client.ts'
import { askRules } from '../../lab/rules-desk.ts'
import {
  LARGEST_DUMP,
  type Example,
  type Loaded,
  type PacketForm,
  type TraceAnswer,
  type Way,
} from '../../lab/rules-protocol.ts'

interface Desk {
  text: string
  /** Where the text is from: a file's name, an example. */
  from: string
  loaded: Loaded | undefined
  form: PacketForm | undefined
  answer: TraceAnswer | undefined
  way: Way | undefined
  /** Index into the way's steps; undefined: at its end. */
  cursor: number | undefined
  error: string | undefined
  busy: boolean
}

const EMPTY: Desk = {
  text: '',
  from: '',
  loaded: undefined,
  form: undefined,
  answer: undefined,
  way: undefined,
  cursor: undefined,
  error: undefined,
  busy: false,
}

export const useDesk = create<Desk>(() => EMPTY)

/** Another question has been asked since. */
let turn = 0
async function ask<T>(question: () => Promise<T>, then: (value: T) => void): Promise<void> {
  const mine = ++turn
  useDesk.setState({ busy: true, error: undefined })
  try {
    const value = await question()
    if (mine !== turn) return
    useDesk.setState({ busy: false })
    then(value)
  } catch (error) {
    if (mine === turn) useDesk.setState({ busy: false, error: error instanceof Error ? error.message : String(error) })
  }
}

export function clear(): void {
  turn++
  useDesk.setState(EMPTY)
}

/** Reads the text and, where there is a rule, sends the packet that the rules suggest. */
export function put(text: string, from: string, packet?: PacketForm): void {
  if (text.length > LARGEST_DUMP) return useDesk.setState({ ...EMPTY, error: tooLarge(text.length) })
  useDesk.setState({ ...EMPTY, text, from })
  if (text.trim() === '') return
  void ask(
    () => askRules<Loaded>({ q: 'load', text }),
    (loaded) => {
      const form = packet ?? loaded.guess
      useDesk.setState({ loaded, form })
      if (loaded.ruleCount > 0) send(form)
    },
  )
}

export const tooLarge = (size: number): string =>
  `This is ${(size / 1e6).toFixed(1)} MB, and 10 MB is the most that is read here. Paste one table (iptables-save -t nat), or use: nodeglass trace --rules FILE.`

export function change(part: Partial<PacketForm>): void {
  const { form } = useDesk.getState()
  if (form) useDesk.setState({ form: { ...form, ...part } })
}

export function send(form: PacketForm): void {
  useDesk.setState({ form })
  void ask(
    () => askRules<TraceAnswer>({ q: 'trace', packet: form }),
    (answer) => useDesk.setState({ answer, way: answer.way, cursor: undefined }),
  )
}

export function take(index: number): void {
  void ask(
    () => askRules<Way>({ q: 'way', index }),
    (way) => useDesk.setState({ way, cursor: undefined }),
  )
}

export function example(id: string, title: string): void {
  void ask(
    () => askRules<Example>({ q: 'example', id }),
    ({ text, packet }) => put(text, `example: ${title}`, packet),
  )
}

/** The rules of a node of the lab, as its own command prints them at this moment. */
export function fromNode(node: string): void {
  const script = `ssh ${node} iptables-save`
  void ask(
    () => theLab().ask<{ out: string; err: string; exit: number }>({ q: 'run', script }),
    ({ out, err }) => (out === '' ? useDesk.setState({ error: err || `${node} printed nothing.` }) : put(out, script)),
  )
}

export async function readFile(file: File): Promise<void> {
  if (file.size > LARGEST_DUMP) return useDesk.setState({ ...EMPTY, error: tooLarge(file.size) })
  put(await file.text(), file.name)
}

export function go(to: number | undefined): void {
  const { way } = useDesk.getState()
  if (way) useDesk.setState({ cursor: to === undefined || to >= way.steps.length ? undefined : Math.max(0, to) })
}
