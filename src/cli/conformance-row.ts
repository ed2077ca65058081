/** What a conformance file says about one row, and how its result is compared. */

/** Rows are data of many shapes; each runner knows the ones of its table. */
export type RowData = any // eslint-disable-line @typescript-eslint/no-explicit-any -- read from JSON files

export type Row = {
  name: string
  input: RowData
  expected: RowData
  anyOrder?: boolean
  comment?: string
  source?: unknown
}

export const notRunnable = Symbol('not runnable')

/** Gives what the model says for the row, or `notRunnable`. `shared` is the file's `shared` field. */
export type RowRunner = (row: Row, shared: RowData) => unknown

export type TableResult = {
  table: string
  rows: number
  passed: number
  failed: number
  notRunnable: number
  failures: { name: string; expected: unknown; got: unknown }[]
}

/** Every key of `expected` must be there with an equal value; keys that only `got` has are details the row leaves open. */
export function agrees(expected: unknown, got: unknown, anyOrder = false): boolean {
  if (Array.isArray(expected)) {
    if (!Array.isArray(got) || expected.length !== got.length) return false
    if (!anyOrder) return expected.every((e, i) => agrees(e, got[i]))
    const left = [...(got as unknown[])]
    return expected.every((e) => {
      const i = left.findIndex((g) => agrees(e, g))
      if (i < 0) return false
      left.splice(i, 1)
      return true
    })
  }
  if (expected !== null && typeof expected === 'object') {
    if (got === null || typeof got !== 'object' || Array.isArray(got)) return false
    return Object.entries(expected).every(([k, v]) => agrees(v, (got as Record<string, unknown>)[k], anyOrder))
  }
  // `null` says that nothing is set.
  if (expected === null) return got === null || got === undefined
  return expected === got
}

export function runTable(
  table: string,
  cases: readonly Row[],
  shared: unknown,
  run: RowRunner | undefined,
): TableResult {
  const result: TableResult = { table, rows: cases.length, passed: 0, failed: 0, notRunnable: 0, failures: [] }
  for (const row of cases) {
    let got: unknown
    try {
      got = run && row.expected !== undefined ? run(row, shared) : notRunnable
    } catch (error) {
      got = `error: ${(error as Error).message}`
    }
    if (got === notRunnable) result.notRunnable++
    else if (agrees(row.expected, got, row.anyOrder)) result.passed++
    else {
      result.failed++
      result.failures.push({ name: row.name, expected: row.expected, got })
    }
  }
  return result
}
