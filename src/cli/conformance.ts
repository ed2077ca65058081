/** `nodeglass conformance DIR`: every row of Kubernetes' own tables below a folder, run against the model. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments, UsageError } from './arguments.ts'
import { kubeProxyTablesIn } from './conformance-kube-proxy.ts'
import { kubeletTablesIn } from './conformance-kubelet.ts'
import type { TableResult } from './conformance-row.ts'

/** Folders below `dir`, itself included, that hold JSON files. */
function foldersWithTables(dir: string): string[] {
  const entries = readdirSync(dir, { withFileTypes: true })
  const here = entries.some((entry) => entry.isFile() && entry.name.endsWith('.json')) ? [dir] : []
  return [
    ...here,
    ...entries.filter((e) => e.isDirectory()).flatMap((e) => foldersWithTables(join(dir, e.name))),
  ].sort()
}

function merge(results: readonly TableResult[]): TableResult[] {
  const tables = new Map<string, TableResult>()
  for (const result of results) {
    const before = tables.get(result.table)
    tables.set(
      result.table,
      before
        ? {
            table: result.table,
            rows: before.rows + result.rows,
            passed: before.passed + result.passed,
            failed: before.failed + result.failed,
            notRunnable: before.notRunnable + result.notRunnable,
            failures: [...before.failures, ...result.failures],
          }
        : result,
    )
  }
  return [...tables.values()]
}

export function main(argv: string[]): number {
  const args = readArguments(argv, { switches: ['json'], values: ['emit'] })
  const [dir, ...more] = args.words
  if (dir === undefined || more.length > 0)
    throw new UsageError('give one folder of tables: conformance DIR [--json] [--emit OUTDIR]')
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new UsageError(`${dir}: no such folder`)
  const emit = typeof args.flags.emit === 'string' ? { emit: args.flags.emit } : {}
  const folders = foldersWithTables(dir)
  const tables = merge(folders.flatMap((folder) => [...kubeletTablesIn(folder), ...kubeProxyTablesIn(folder, emit)]))
  if (tables.length === 0)
    throw new UsageError(`${dir}: no table in it has a known shape; see the README beside the tables`)
  const failed = tables.reduce((sum, table) => sum + table.failed, 0)
  if (args.flags.json === true) process.stdout.write(`${JSON.stringify({ tables }, null, 2)}\n`)
  else {
    for (const { table, rows, passed, failed: bad, notRunnable, failures } of tables) {
      process.stdout.write(`${table}: ${rows} rows, ${passed} passed, ${bad} failed, ${notRunnable} not runnable\n`)
      for (const { name, expected, got } of failures)
        process.stdout.write(
          `  ${name}\n    expected ${JSON.stringify(expected)}\n    got      ${JSON.stringify(got)}\n`,
        )
    }
    const passed = tables.reduce((sum, table) => sum + table.passed, 0)
    const skipped = tables.reduce((sum, table) => sum + table.notRunnable, 0)
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  }
  return failed > 0 ? 1 : 0
}
