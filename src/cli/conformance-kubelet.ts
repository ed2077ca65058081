/** Runs the kubelet tables of a conformance folder against the model. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTable, type Row, type RowRunner, type TableResult } from './conformance-row.ts'
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
  if (!existsSync(folder)) return []
  const runners = { ...kubeletRunners, ...more }
  const results: TableResult[] = []
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.json')) continue
    const content = JSON.parse(readFileSync(join(folder, file), 'utf8')) as TableFile
    if (typeof content.table !== 'string' || !Array.isArray(content.cases)) continue
    results.push(runTable(content.table, content.cases, content.shared, runners[content.table]))
  }
  return results
}
