/** The course: what lessons there are, their bodies when asked for, and how far this device has come. */
import lessons from 'virtual:lessons'
import { create } from 'zustand'
import { load, onSaved, save } from '../lab/storage.ts'
import { NO_PROGRESS, type LessonProgress } from './lesson/player.ts'

export type LessonEntry = (typeof lessons)[number]

export interface Part {
  number: number
  title: string
  lessons: readonly LessonEntry[]
  incidents: readonly LessonEntry[]
}

const bodies = import.meta.glob<string>('../../lessons/*/*/lesson.md', { query: '?raw', import: 'default' })

export const LESSONS: readonly LessonEntry[] = lessons
export const isIncident = (lesson: Pick<LessonEntry, 'id'>): boolean => lesson.id.startsWith('I')

/** `03-the-runtime` as "The runtime". */
function titleOf(folder: string): string {
  const words = folder.replace(/^\d+-/, '').replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export const PARTS: readonly Part[] = [...new Set(LESSONS.map((lesson) => lesson.part))].map((part) => {
  const own = LESSONS.filter((lesson) => lesson.part === part)
  return {
    number: own[0]!.module,
    title: titleOf(part),
    lessons: own.filter((lesson) => !isIncident(lesson)),
    incidents: own.filter(isIncident),
  }
})

export function lessonOf(id: string): LessonEntry | undefined {
  return LESSONS.find((lesson) => lesson.id.toLowerCase() === id.toLowerCase())
}

export function bodyOf(lesson: LessonEntry): Promise<string> {
  const body = bodies[lesson.path]
  return body ? body() : Promise.reject(new Error(`lesson ${lesson.id} has no text`))
}

interface ProgressState {
  all: Readonly<Record<string, LessonProgress>>
  last: string | undefined
  set(id: string, progress: LessonProgress): void
  forget(id?: string): void
  replace(all: Readonly<Record<string, LessonProgress>>): void
}

const kept = (): Pick<ProgressState, 'all' | 'last'> =>
  load<{ all: Record<string, LessonProgress>; last: string | undefined }>('progress', { all: {}, last: undefined })

export const useProgress = create<ProgressState>((set, get) => {
  const write = (next: Pick<ProgressState, 'all' | 'last'>): void => {
    set(next)
    save('progress', { all: get().all, last: get().last })
  }
  return {
    ...kept(),
    set: (id, progress) => write({ all: { ...get().all, [id]: progress }, last: id }),
    forget(id) {
      const all = { ...get().all }
      if (id) delete all[id]
      write(id ? { all, last: get().last } : { all: {}, last: undefined })
    },
    replace: (all) => write({ all, last: get().last }),
  }
})
onSaved('progress', () => useProgress.setState(kept()))

export function progressOf(all: ProgressState['all'], id: string): LessonProgress {
  return all[id] ?? NO_PROGRESS
}

/** The lesson to go on with: the one begun last if it is not done, else the first that is not. */
export function nextLesson({ all, last }: Pick<ProgressState, 'all' | 'last'>): LessonEntry | undefined {
  const begun = last === undefined ? undefined : lessonOf(last)
  if (begun && !progressOf(all, begun.id).done) return begun
  return LESSONS.find((lesson) => !isIncident(lesson) && !progressOf(all, lesson.id).done)
}
