import type { EventId, SimEvent } from './contract.ts'

/** The future: a binary heap by (at, id). Cancelled events leave the map at once and the heap when they surface. */
export interface QueueState {
  readonly heap: SimEvent[]
  readonly waiting: Map<EventId, SimEvent>
}

const before = (a: SimEvent, b: SimEvent): boolean => a.at < b.at || (a.at === b.at && a.id < b.id)

export class EventQueue {
  private heap: SimEvent[] = []
  private waiting = new Map<EventId, SimEvent>()
  private shared = false

  get size(): number {
    return this.waiting.size
  }

  pending(): IterableIterator<SimEvent> {
    return this.waiting.values()
  }

  find(id: EventId): SimEvent | undefined {
    return this.waiting.get(id)
  }

  has(id: EventId): boolean {
    return this.waiting.has(id)
  }

  push(event: SimEvent): void {
    if (this.shared) this.unshare()
    this.waiting.set(event.id, event)
    const heap = this.heap
    let i = heap.length
    heap.push(event)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(event, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = event
  }

  cancel(id: EventId): boolean {
    if (!this.waiting.has(id)) return false
    if (this.shared) this.unshare()
    this.waiting.delete(id)
    // A heap of mostly cancelled timers would grow without end.
    if (this.heap.length > 4096 && this.heap.length > 4 * this.waiting.size) this.rebuild()
    return true
  }

  peek(): SimEvent | undefined {
    while (this.heap.length > 0 && !this.waiting.has(this.heap[0]!.id)) {
      if (this.shared) this.unshare()
      this.removeTop()
    }
    return this.heap[0]
  }

  pop(): SimEvent | undefined {
    const top = this.peek()
    if (!top) return undefined
    if (this.shared) this.unshare()
    this.waiting.delete(top.id)
    this.removeTop()
    return top
  }

  share(): QueueState {
    this.shared = true
    return { heap: this.heap, waiting: this.waiting }
  }

  adopt(state: QueueState): void {
    this.heap = state.heap
    this.waiting = state.waiting
    this.shared = true
  }

  private unshare(): void {
    this.heap = this.heap.slice()
    this.waiting = new Map(this.waiting)
    this.shared = false
  }

  private rebuild(): void {
    const events = [...this.waiting.values()]
    this.heap = []
    this.waiting = new Map()
    for (const event of events) this.push(event)
  }

  private removeTop(): void {
    const heap = this.heap
    const last = heap.pop()!
    const size = heap.length
    if (size === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= size) break
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
  }
}
