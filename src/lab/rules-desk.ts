/** The page's end of the rules worker. It is started by the first question, and ended when one takes too long. */
import type { Answer } from './protocol.ts'
import type { RulesAsk } from './rules-protocol.ts'

const PATIENCE_MS = 60_000

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

let worker: Worker | undefined
let nextId = 1
const waiting = new Map<number, Waiting>()
let watch: ReturnType<typeof setTimeout> | undefined

function start(): Worker {
  const made = new Worker(new URL('./rules-worker.ts', import.meta.url), { type: 'module', name: 'rules' })
  made.onmessage = ({ data }: MessageEvent<{ id: number; answer: Answer<never> }>) => {
    const one = waiting.get(data.id)
    waiting.delete(data.id)
    attend()
    if (data.answer.ok) one?.resolve(data.answer.value)
    else one?.reject(new Error(data.answer.message))
  }
  made.onerror = (event) => {
    event.preventDefault()
    end(`The interpreter of rules could not be loaded: ${event.message || 'its script did not start'}.`)
  }
  return made
}

/** The next answer is waited for anew. */
function attend(): void {
  clearTimeout(watch)
  watch =
    waiting.size === 0
      ? undefined
      : setTimeout(() => end('This took longer than a minute and was ended. Paste fewer rules.'), PATIENCE_MS)
}

function end(message: string): void {
  worker?.terminate()
  worker = undefined
  const all = [...waiting.values()]
  waiting.clear()
  attend()
  for (const one of all) one.reject(new Error(message))
}

/** Rejects with a sentence for the person. */
export function askRules<T>(ask: RulesAsk): Promise<T> {
  worker ??= start()
  const id = nextId++
  return new Promise<T>((resolve, reject) => {
    waiting.set(id, { resolve, reject } as Waiting)
    worker!.postMessage({ id, ask })
    attend()
  })
}
