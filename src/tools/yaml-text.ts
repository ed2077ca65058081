/**
 * What `kubectl -o yaml` prints (sigs.k8s.io/yaml over goyaml.v2): keys sorted, lists not indented under their key,
 * strings quoted where YAML 1.1 would read something else, long strings folded after column 80.
 */
const BEST_WIDTH = 80

export function yamlText(value: unknown): string {
  return block(value, 0, false)
}

function block(value: unknown, indent: number, inSequence: boolean): string {
  const pad = ' '.repeat(indent)
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]\n'
    return value.map((item, i) => `${i === 0 && inSequence ? '' : pad}- ${nested(item, indent + 2)}`).join('')
  }
  if (value !== null && typeof value === 'object') {
    const record = value as Record<string, unknown>
    const keys = Object.keys(record)
      .filter((key) => record[key] !== undefined)
      .sort(compareKeys)
    if (keys.length === 0) return '{}\n'
    return keys
      .map((key, i) => {
        const name = scalar(key, indent, indent, true)
        const child = record[key]
        const lead = i === 0 && inSequence ? '' : pad
        if (isFilled(child)) {
          // A list stands under its key without indentation.
          return `${lead}${name}:\n${block(child, Array.isArray(child) ? indent : indent + 2, false)}`
        }
        const column = indent + name.length + 2
        return `${lead}${name}: ${Array.isArray(child) ? '[]' : child !== null && typeof child === 'object' ? '{}' : scalar(child, column, indent + 2, false)}\n`
      })
      .join('')
  }
  return `${scalar(value, indent, indent, false)}\n`
}

function nested(item: unknown, indent: number): string {
  if (isFilled(item)) return block(item, indent, true)
  if (Array.isArray(item)) return '[]\n'
  if (item !== null && typeof item === 'object') return '{}\n'
  return `${scalar(item, indent, indent, false)}\n`
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length > 0
    : value !== null && typeof value === 'object' && Object.values(value).some((v) => v !== undefined)
}

/** goyaml.v2 sorter.go: letters after other characters, runs of digits by value. */
export function compareKeys(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const ca = a[i]!
    const cb = b[i]!
    if (ca === cb) continue
    const la = isLetter(ca)
    const lb = isLetter(cb)
    if (la && lb) return ca < cb ? -1 : 1
    if (la || lb) return lb ? -1 : 1
    let an = 0
    let bn = 0
    if (ca === '0' || cb === '0') {
      for (let j = i - 1; j >= 0 && isDigit(a[j]!); j--) {
        if (a[j] !== '0') {
          an = bn = 1
          break
        }
      }
    }
    let ai = i
    let bi = i
    for (; ai < a.length && isDigit(a[ai]!); ai++) an = an * 10 + Number(a[ai])
    for (; bi < b.length && isDigit(b[bi]!); bi++) bn = bn * 10 + Number(b[bi])
    if (an !== bn) return an - bn
    if (ai !== bi) return ai - bi
    return ca < cb ? -1 : 1
  }
  return a.length - b.length
}

function isLetter(c: string): boolean {
  return /\p{L}/u.test(c)
}

function isDigit(c: string): boolean {
  return c >= '0' && c <= '9'
}

function scalar(value: unknown, column: number, indent: number, isKey: boolean): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return numberText(value)
  return stringText(String(value), column, indent, isKey)
}

/** strconv.FormatFloat 'g' for large numbers; whole numbers stay whole. */
function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return String(value).replace(/e([-+])(\d)$/, 'e$10$2')
}

function stringText(text: string, column: number, indent: number, isKey: boolean): string {
  const facts = analyse(text)
  if (text.includes('\n') && !isKey) {
    if (facts.blockAllowed) return literal(text, indent)
    return doubleQuoted(text, column, indent, !isKey)
  }
  if (!resolvesToString(text)) return doubleQuoted(text, column, indent, !isKey)
  if (facts.plainAllowed) return plain(text, column, indent, !isKey)
  return facts.singleAllowed ? singleQuoted(text, column, indent, !isKey) : doubleQuoted(text, column, indent, !isKey)
}

/** goyaml.v2 resolve.go: whether the plain text would be read back as a string. */
function resolvesToString(text: string): boolean {
  if (text === '' || text === '~' || text === '<<') return false
  if (
    /^(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE|null|Null|NULL)$/.test(text)
  )
    return false
  if (/^[-+]?(\.inf|\.Inf|\.INF)$/.test(text) || /^\.(nan|NaN|NAN)$/.test(text)) return false
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text)) return false
  if (/^[-+]?0b[01_]+$/.test(text) || /^[-+]?0[xX][0-9a-fA-F_]+$/.test(text) || /^[-+]?0o?[0-7_]+$/.test(text))
    return false
  if (/^[-+]?[0-9][0-9_]*$/.test(text)) return false
  if (/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text)) return false
  if (/^\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{2}:\d{2}(\.\d+)?( ?(Z|[-+]\d{2}:\d{2}))?)?$/.test(text)) return false
  return true
}

interface Facts {
  plainAllowed: boolean
  singleAllowed: boolean
  blockAllowed: boolean
}

/** goyaml.v2 emitterc.go yaml_emitter_analyze_scalar, for block context. */
function analyse(text: string): Facts {
  let indicators = text.startsWith('---') || text.startsWith('...')
  let special = false
  let tabs = false
  let breakSpace = false
  let spaceBreak = false
  let previousSpace = false
  let previousBreak = false
  let before = true
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    const next = text[i + 1]
    const after = next === undefined || next === ' ' || next === '\t' || next === '\n'
    if (i === 0) {
      if ('#,[]{}&*!|>\'"%@`'.includes(c)) indicators = true
      else if ('?:-'.includes(c) && after) indicators = true
    } else if (c === ':' && after) indicators = true
    else if (c === '#' && before) indicators = true
    if (c === '\t') tabs = true
    else if (c !== '\n' && (c < ' ' || c === '\x7f' || (c >= '\x80' && c < '\xa0' && c !== '\x85') || c === '\ufeff'))
      special = true
    if (c === ' ') {
      if (previousBreak) breakSpace = true
      previousSpace = true
      previousBreak = false
    } else if (c === '\n') {
      if (previousSpace) spaceBreak = true
      previousSpace = false
      previousBreak = true
    } else previousSpace = previousBreak = false
    before = c === ' ' || c === '\t' || c === '\n'
  }
  const edges = /^[ \n]|[ \n]$/.test(text)
  return {
    plainAllowed: !indicators && !edges && !breakSpace && !spaceBreak && !tabs && !special && !text.includes('\n'),
    singleAllowed: !breakSpace && !spaceBreak && !tabs && !special,
    blockAllowed: !text.endsWith(' ') && !spaceBreak && !special,
  }
}

/** Breaks at a single blank once the line is past the best width, as the emitter does. */
function fold(
  text: string,
  column: number,
  indent: number,
  skipEnds: boolean,
  write: (c: string) => string,
  onBreak: string,
): string {
  let out = ''
  let at = column
  let spaces = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    const inner = !skipEnds || (i > 0 && i < text.length - 1)
    if (c === ' ' && !spaces && at > BEST_WIDTH && inner && text[i + 1] !== ' ') {
      out += `${onBreak}\n${' '.repeat(indent)}`
      at = indent
      spaces = true
      continue
    }
    const written = write(c)
    out += written
    at += written.length
    spaces = c === ' '
  }
  return out
}

function plain(text: string, column: number, indent: number, mayBreak: boolean): string {
  return mayBreak ? fold(text, column, indent, false, (c) => c, '') : text
}

function singleQuoted(text: string, column: number, indent: number, mayBreak: boolean): string {
  const write = (c: string) => (c === "'" ? "''" : c)
  const body = mayBreak ? fold(text, column + 1, indent, true, write, '') : [...text].map(write).join('')
  return `'${body}'`
}

const ESCAPES: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r', '\0': '\\0', '\x07': '\\a', '\b': '\\b', '\v': '\\v', '\f': '\\f', '\x1b': '\\e', '\x85': '\\N', '\xa0': '\\_' } // prettier-ignore

function doubleQuoted(text: string, column: number, indent: number, mayBreak: boolean): string {
  const write = (c: string) => {
    const named = ESCAPES[c]
    if (named) return named
    const code = c.charCodeAt(0)
    if (code < 0x20 || code === 0x7f || (code >= 0x80 && code < 0xa0))
      return `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`
    return c === '\ufeff' ? '\\uFEFF' : c
  }
  const body = mayBreak ? fold(text, column + 1, indent, true, write, '') : [...text].map(write).join('')
  return `"${body}"`
}

function literal(text: string, indent: number): string {
  const lead = /^[ \n]/.test(text) ? '2' : ''
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
  const pad = ' '.repeat(indent)
  return `|${lead}${chomp}\n${lines.map((line) => (line === '' ? '' : pad + line)).join('\n')}`
}
