/** How nft says what it does not like: the message, the line, and what of it. nftables src/erec.c erec_print. */
export interface Complaint {
  /** From 1. */
  readonly line: number
  readonly from: number
  readonly to: number
  readonly message: string
  /** What it contradicts, marked with waves. */
  readonly also?: { readonly from: number; readonly to: number }
}

export function complaint(
  { line, from, to, message, also }: Complaint,
  lines: readonly string[],
  file: string | undefined,
): string {
  const text = lines[line - 1] ?? ''
  const marks: string[] = [...text.slice(0, Math.max(to, also?.to ?? 0))].map((c) => (c === '\t' ? c : ' '))
  const mark = (sign: string, first: number, last: number): void => {
    for (let i = first - 1; i < Math.max(first, last); i++) marks[i] = sign
  }
  if (also) mark('~', also.from, also.to)
  mark('^', from, to)
  const where = file === undefined ? '' : `${file}:${line}:${from}-${to}: `
  return `${where}Error: ${message}\n${text}\n${Array.from(marks, (c) => c ?? ' ')
    .join('')
    .trimEnd()}\n`
}
