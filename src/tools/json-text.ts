/** What `kubectl -o json` prints: keys in order, four blanks, `<`, `>` and `&` as encoding/json escapes them. */
export function jsonText(value: unknown, indent: number): string {
  return escapeHtml(JSON.stringify(sortKeys(value), null, indent) ?? 'null')
}

/** encoding/json Marshal of a map: compact, keys in order. */
export function compactJson(value: unknown): string {
  return escapeHtml(JSON.stringify(sortKeys(value)) ?? 'null')
}

function escapeHtml(text: string): string {
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  const out: Record<string, unknown> = {}
  for (const key of Object.keys(value).sort()) {
    const child = (value as Record<string, unknown>)[key]
    if (child !== undefined) out[key] = sortKeys(child)
  }
  return out
}

/** Go's `%v` of a decoded JSON value: `map[a:1 b:[x y]]`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText((value as Record<string, unknown>)[key])}`)
  return `map[${pairs.join(' ')}]`
}
