/** Runs the kubelet tables of a conformance folder against the model. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from './arguments.ts'
import { runTable, type Row, type RowRunner, type TableResult } from './conformance-row.ts'
import { lineOf, readJson } from './json-file.ts'
import { cgroupRows } from './kubelet-rows/cgroups.ts'
import { nodeRows } from './kubelet-rows/node.ts'
import { podRows } from './kubelet-rows/pods.ts'
import { plegAndEventRows } from './kubelet-rows/pleg-events.ts'
import { probeRows } from './kubelet-rows/probes.ts'
import { qosRows } from './kubelet-rows/qos.ts'
import { timingRows } from './kubelet-rows/timing.ts'

/** Table name -> runner. A table that is not here is reported as not runnable, row by row. */
export const kubeletRunners: Readonly<Record<string, RowRunner>> = {
  ...qosRows,
  ...cgroupRows,
  ...podRows,
  ...timingRows,
  ...probeRows,
  ...plegAndEventRows,
  ...nodeRows,
}

type TableFile = { table: string; cases: Row[]; shared?: unknown }

/** `dir` holds the files, or has them in its folder `kubelet`. `more` adds runners of other parts of the model. */
export function conformanceKubelet(dir: string, more: Readonly<Record<string, RowRunner>> = {}): TableResult[] {
  const folder = existsSync(join(dir, 'kubelet')) ? join(dir, 'kubelet') : dir
  return existsSync(folder) ? kubeletTablesIn(folder, more) : []
}

/** The tables that stand in this folder itself. */
export function kubeletTablesIn(folder: string, more: Readonly<Record<string, RowRunner>> = {}): TableResult[] {
  const runners = { ...kubeletRunners, ...more }
  const results: TableResult[] = []
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.json')) continue
    const path = join(folder, file)
    const content = readJson(path) as TableFile | null
    if (typeof content?.table !== 'string' || content.cases === undefined) continue
    if (!Array.isArray(content.cases)) throw new UsageError(`${lineOf(path, 'cases')}: cases should be a list`)
    for (const [i, row] of content.cases.entries())
      if (typeof row?.name !== 'string')
        throw new UsageError(`${lineOf(path, 'cases')}: case ${i + 1} is not an object with a name`)
    results.push(runTable(content.table, content.cases, content.shared, runners[content.table]))
  }
  return results
}
