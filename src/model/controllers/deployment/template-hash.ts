// The name of a pod template: pod-template-hash (pkg/controller/controller_utils.go ComputeHash,
// staging/src/k8s.io/apimachinery/pkg/util/rand SafeEncodeString).
//
// Approximation: upstream feeds FNV-32a with a Go dump of the whole PodTemplateSpec struct; here it is fed with the
// template as JSON with sorted keys. The result looks the same and changes exactly when the template changes, but it is
// not the text that a real cluster gives to the same template.

/** Letters and digits that make no words: no vowels, no 0, 1, 3. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789'

export function safeEncode(text: string): string {
  let out = ''
  for (let i = 0; i < text.length; i++) out += SAFE[text.charCodeAt(i) % SAFE.length]
  return out
}

/** 32-bit FNV-1a over bytes of ASCII text; other characters count by code unit. */
export function fnv32a(text: string, start = 0x811c9dc5): number {
  let h = start >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0
  return h
}

/** controller.ComputeHash: the template, and the collision count where two templates met on one hash. */
export function templateHash(template: object, collisionCount?: number): string {
  const hash = fnv32a(canonical(template))
  return safeEncode(String(collisionCount === undefined ? hash : fnv32a(String(collisionCount), hash)))
}

const memo = new WeakMap<object, string>()

/** JSON with sorted keys, without fields that are absent or empty. What was given once must not change any more. */
export function canonical(value: object): string {
  let text = memo.get(value)
  if (text === undefined) memo.set(value, (text = write(value)))
  return text
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const record = value as Record<string, unknown>
  const parts: string[] = []
  for (const key of Object.keys(record).sort()) {
    const field = record[key]
    if (field === undefined || field === null) continue
    const text = write(field)
    if (text !== '{}' && text !== '[]') parts.push(`${JSON.stringify(key)}:${text}`)
  }
  return `{${parts.join(',')}}`
}
