/** Runs the kube-proxy part of a conformance folder against the model: every mode, hash, topology, facts, metrics. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { agrees, type TableResult } from './conformance-row.ts'
import { type Json, readJson } from './json-file.ts'
import { type CaseRow, type EmittedStep, toCase } from './kube-proxy-case.ts'
import { factRows, hashRows, metricRows, topologyRows } from './kube-proxy-facts.ts'
import { MODE_CASES } from './kube-proxy-modes.ts'

export interface KubeProxyOptions {
  /** Folder that gets `NAME.json` for every case. */
  readonly emit?: string
}

const FOLDERS = ['iptables', 'nftables', 'ipvs', 'hash', 'topology', 'facts', 'metrics']

/** `dir` is a folder of cases, a folder that has `iptables` and the like in it, or one that has `kube-proxy`. */
export function conformanceKubeProxy(dir: string, options: KubeProxyOptions = {}): TableResult[] {
  const root = existsSync(join(dir, 'kube-proxy')) ? join(dir, 'kube-proxy') : dir
  const folders = FOLDERS.map((name) => join(root, name)).filter((path) => existsSync(path))
  const results: TableResult[] = []
  for (const folder of folders.length > 0 ? folders : [root]) results.push(...kubeProxyTablesIn(folder, options))
  return results
}

/** The cases and rows that stand in this folder itself. */
export function kubeProxyTablesIn(folder: string, options: KubeProxyOptions = {}): TableResult[] {
  const tables = new Map<string, TableResult>()
  const table = (name: string): TableResult => {
    let result = tables.get(name)
    if (!result)
      tables.set(name, (result = { table: name, rows: 0, passed: 0, failed: 0, notRunnable: 0, failures: [] }))
    return result
  }
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.json')) continue
    const path = join(folder, file)
    const json = readJson(path)
    if (json?.input && typeof json.mode === 'string') {
      const result = table(`kube-proxy/${json.mode}`)
      runCaseFile(path, json, result, options)
      continue
    }
    const rows = rowsOf(file, json)
    if (!rows) continue
    const result = table(`kube-proxy/${rows.table}`)
    for (const row of rows.rows) count(result, row.name, row.expected, row.run)
  }
  return [...tables.values()]
}

function rowsOf(file: string, json: Json): { table: string; rows: CaseRow[] } | undefined {
  if (Array.isArray(json?.iptables) && json.iptables[0]?.hashInput) return { table: 'hash', rows: hashRows(json) }
  if (Array.isArray(json?.rows) && json.rows[0]?.endpoints) return { table: 'topology', rows: topologyRows(json) }
  if (Array.isArray(json?.rows) && json.rows[0]?.internal !== undefined)
    return { table: 'metrics', rows: metricRows(json) }
  const facts = factRows(file, json)
  return facts && { table: 'facts', rows: facts }
}

function count(result: TableResult, name: string, expected: unknown, run: (() => unknown) | undefined): void {
  result.rows++
  if (!run) {
    result.notRunnable++
    return
  }
  let got: unknown
  try {
    got = run()
  } catch (error) {
    got = `error: ${(error as Error).message}`
  }
  if (agrees(expected, got)) result.passed++
  else {
    result.failed++
    result.failures.push({ name, expected, got })
  }
}

function runCaseFile(path: string, json: Json, result: TableResult, options: KubeProxyOptions): void {
  const mode = MODE_CASES[json.mode]
  if (!mode) {
    const steps: Json[] = json.steps ?? [json]
    const rows = steps.reduce(
      (n, step) => n + (step.expectedRules || step.generatedRules || step.expected ? 1 : 0) + (step.flows?.length ?? 0),
      0,
    )
    result.rows += Math.max(1, rows)
    result.notRunnable += Math.max(1, rows)
    return
  }
  try {
    const subject = toCase(path, json)
    for (const row of mode.rows(subject)) count(result, row.name, row.expected, row.run)
    if (options.emit !== undefined) emit(options.emit, subject.name, mode.emit(subject))
  } catch (error) {
    count(result, json.name ?? path, 'runs', () => `error: ${(error as Error).message}`)
  }
}

function emit(folder: string, name: string, steps: readonly EmittedStep[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, `${name.replace(/[^\w.-]/g, '_')}.json`),
    `${JSON.stringify({ name, steps }, undefined, 1)}\n`,
  )
}
