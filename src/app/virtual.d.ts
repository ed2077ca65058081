declare module 'virtual:lessons' {
  import type { LessonMeta } from '../lesson/schema.ts'
  const lessons: readonly (LessonMeta & { part: string; slug: string; path: string })[]
  export default lessons
}

declare module 'virtual:late' {
  const parts: Readonly<Record<string, Readonly<Record<string, (...given: never[]) => unknown>>>>
  export default parts
}
