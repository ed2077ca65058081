import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { conformanceKubelet } from './conformance-kubelet.ts'

const dir = join(dirname(fileURLToPath(import.meta.url)), '../../../shared/conformance')

describe.skipIf(!existsSync(dir))('kubelet conformance tables', () => {
  const results = existsSync(dir) ? conformanceKubelet(dir) : []
  it('has no failing row', () => {
    expect(results.flatMap((t) => t.failures.map((f) => ({ table: t.table, ...f })))).toEqual([])
  })
  it.each(['A_', 'B_', 'D_', 'G_'])('runs every row of the tables %s', (section) => {
    const tables = results.filter((t) => t.table.startsWith(section))
    expect(tables.length).toBeGreaterThan(1)
    expect(tables.filter((t) => t.passed !== t.rows)).toEqual([])
  })
})
