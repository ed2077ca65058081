/**
 * Go's text/tabwriter: a cell is text that ends in a tab; a column is a run of adjacent lines that have such a cell;
 * what follows the last tab of a line belongs to no column. Every table of kubectl, crictl and `kubectl describe` is
 * laid out by it, each with its own three numbers.
 */
export interface TabWidths {
  readonly minWidth: number
  readonly padding: number
}

/** k8s.io/cli-runtime pkg/printers GetNewTabWriter. */
export const KUBECTL_TABLE: TabWidths = { minWidth: 6, padding: 3 }
/** kubectl pkg/describe tabbedString. */
export const KUBECTL_DESCRIBE: TabWidths = { minWidth: 0, padding: 2 }
/** cri-tools cmd/crictl newDefaultTableDisplay(20, 1, 3, ' ', 0). */
export const CRICTL_TABLE: TabWidths = { minWidth: 20, padding: 3 }

export function tabulate(text: string, widths: TabWidths): string {
  const ended = text.endsWith('\n')
  const lines = (ended ? text.slice(0, -1) : text).split('\n').map((line) => line.split('\t'))
  const out: string[] = []
  format(lines, 0, lines.length, [], widths, out)
  return out.join('\n') + (ended ? '\n' : '')
}

/** A line that went through `minWidths` before keeps its columns at least as wide (`-w` prints row by row). */
export function tabulateRow(cells: readonly string[], minWidths: number[], widths: TabWidths): string {
  let line = ''
  for (const [i, cell] of cells.entries()) {
    if (i === cells.length - 1) return line + cell
    minWidths[i] = Math.max(minWidths[i] ?? widths.minWidth, widthOf(cell) + widths.padding)
    line += padTo(cell, minWidths[i]!)
  }
  return line
}

function format(
  lines: readonly string[][],
  from: number,
  to: number,
  columns: readonly number[],
  widths: TabWidths,
  out: string[],
): void {
  const column = columns.length
  let written = from
  for (let i = from; i < to; i++) {
    if (column >= lines[i]!.length - 1) continue
    writeLines(lines, written, i, columns, out)
    let end = i
    let width = widths.minWidth
    for (; end < to && column < lines[end]!.length - 1; end++)
      width = Math.max(width, widthOf(lines[end]![column]!) + widths.padding)
    format(lines, i, end, [...columns, width], widths, out)
    written = end
    i = end - 1
  }
  writeLines(lines, written, to, columns, out)
}

function writeLines(
  lines: readonly string[][],
  from: number,
  to: number,
  columns: readonly number[],
  out: string[],
): void {
  for (let i = from; i < to; i++) {
    out.push(lines[i]!.map((cell, j) => (j < columns.length ? padTo(cell, columns[j]!) : cell)).join(''))
  }
}

/** Go counts runes; a surrogate pair is one. */
function widthOf(text: string): number {
  let width = 0
  for (const _ of text) width++
  return width
}

function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** Rows of equal length as one table; the last column is not padded. */
export function table(rows: readonly (readonly string[])[], widths: TabWidths): string {
  return rows.length === 0 ? '' : tabulate(`${rows.map((row) => row.join('\t')).join('\n')}\n`, widths)
}
