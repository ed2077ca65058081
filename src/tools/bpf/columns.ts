/** text/tabwriter with a padding of three, as Cilium's commands print their tables. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]! + 3)).join('')}\n`).join('')
}
