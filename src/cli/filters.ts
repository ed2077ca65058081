import { createFilters } from '../shell/filters.ts'
import type { Filters } from '../shell/process.ts'

/** sed, awk, jq and their like, from just-bash; loaded when a line first uses one. */
export const loadFilters = async (): Promise<Filters> =>
  createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0])
