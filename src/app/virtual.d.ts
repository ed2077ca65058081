declare module 'virtual:lessons' {
  import type { LessonMeta } from '../lesson/schema.ts'
  const lessons: readonly (LessonMeta & { part: string; slug: string; path: string })[]
  export default lessons
}
