/** A plain value as YAML, for reading. Strings are quoted only where YAML would read something else. */
export function yamlText(value: unknown, indent = 0): string {
  const pad = '  '.repeat(indent)
  if (Array.isArray(value)) {
    if (value.length === 0) return `${pad}[]\n`
    return value
      .map((item) =>
        isPlainScalar(item)
          ? `${pad}- ${scalar(item)}\n`
          : `${pad}- ${yamlText(item, indent + 1).slice(pad.length + 2)}`,
      )
      .join('')
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined)
    if (entries.length === 0) return `${pad}{}\n`
    return entries
      .map(([key, v]) => {
        if (isPlainScalar(v))
          return typeof v === 'string' && v.includes('\n')
            ? `${pad}${key}: |\n${block(v, indent + 1)}`
            : `${pad}${key}: ${scalar(v)}\n`
        if (Array.isArray(v)) return v.length === 0 ? `${pad}${key}: []\n` : `${pad}${key}:\n${yamlText(v, indent)}`
        return Object.keys(v as object).length === 0
          ? `${pad}${key}: {}\n`
          : `${pad}${key}:\n${yamlText(v, indent + 1)}`
      })
      .join('')
  }
  return `${pad}${scalar(value)}\n`
}

function isPlainScalar(value: unknown): boolean {
  return value === null || typeof value !== 'object'
}

function block(text: string, indent: number): string {
  const pad = '  '.repeat(indent)
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${pad}${line}\n`)
    .join('')
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : String(value)
  if (
    value === '' ||
    /^[\s#&*!|>'"%@`{}[\],?:-]|: |\s#|[\s:]$|^(true|false|null|yes|no|on|off|~)$/i.test(value) ||
    /^[-+]?[\d.][\d.eE_:+-]*$/.test(value)
  ) {
    return JSON.stringify(value)
  }
  return value
}
