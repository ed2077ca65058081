/**
 * YAML as kubeadm writes it into the ConfigMap: mappings in blocks, one plain value a line. Anything else (lists of
 * lines, anchors, flow, comments, text over several lines) gives undefined and is left to the YAML parser, so that the
 * first part of the page goes without that parser.
 */

type Plain = Record<string, unknown>

const LINE = /^( *)([A-Za-z]\w*):(?: (.+))?$/
/** Texts that YAML 1.2 reads as the same text. */
const TEXT =
  /^(?:"[\w ./:,-]*"|\/[\w./-]*|[A-Za-z][\w./-]*|\d+\.\d+\.\d+\.\d+(?:\/\d+)?|\d+(?:ms|h|m|s)(?:\d+(?:ms|m|s))*)$/
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }
/** Words that some YAML reads as something else, and their like in capitals. */
const DOUBTFUL = /^(?:true|false|null|yes|no|on|off|y|n)$/i

export function plainMapping(text: string): Plain | undefined {
  const lines = text.replace(/\n+$/, '').split('\n')
  let at = 0
  const read = (indent: number): Plain | undefined => {
    const mapping: Plain = {}
    while (at < lines.length) {
      const [, spaces, key, value] = LINE.exec(lines[at]!) ?? []
      if (key === undefined || DOUBTFUL.test(key) || Object.hasOwn(mapping, key)) return undefined
      if (spaces!.length < indent) break
      if (spaces!.length > indent) return undefined
      at++
      if (value !== undefined) {
        const scalar = scalarOf(value)
        if (scalar === undefined) return undefined
        mapping[key] = scalar
        continue
      }
      const deeper = at < lines.length ? /^ */.exec(lines[at]!)![0].length : 0
      const inner = deeper > indent ? read(deeper) : null
      if (inner === undefined) return undefined
      mapping[key] = inner
    }
    return mapping
  }
  const mapping = read(0)
  return at === lines.length ? mapping : undefined
}

function scalarOf(value: string): unknown {
  if (Object.hasOwn(WORDS, value)) return WORDS[value]
  if (/^(?:0|[1-9]\d{0,14})$/.test(value)) return Number(value)
  if (!TEXT.test(value) || DOUBTFUL.test(value)) return undefined
  return value.startsWith('"') ? value.slice(1, -1) : value
}
