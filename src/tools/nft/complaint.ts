/** How nft says what it does not like: the message, the line, and what of it. nftables src/erec.c erec_print. */
export interface Complaint {
  /** From 1. */
  readonly line: number
  readonly from: number
  readonly to: number
  readonly message: string
}

export function complaint(
  { line, from, to, message }: Complaint,
  lines: readonly string[],
  file: string | undefined,
): string {
  const text = lines[line - 1] ?? ''
  const pad = text
    .slice(0, from - 1)
    .replace(/[^\t]/g, ' ')
    .padEnd(from - 1)
  const carets = '^'.repeat(Math.max(1, to - from + 1))
  const where = file === undefined ? '' : `${file}:${line}:${from}-${to}: `
  return `${where}Error: ${message}\n${text}\n${pad}${carets}\n`
}
