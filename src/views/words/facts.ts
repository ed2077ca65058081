/** Reads plain facts out of the data of an event, whatever the kind; data is plain but its shape is the sender's. */

export type Plain = Readonly<Record<string, unknown>>

export function plain(value: unknown): Plain {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Plain) : {}
}

export function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return undefined
}

/** The first of `keys` that holds a text. */
export function pick(data: Plain, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const found = text(data[key])
    if (found !== undefined) return found
  }
  return undefined
}

/** The value at a path of keys. */
export function dig(value: unknown, ...keys: readonly string[]): unknown {
  let here: unknown = value
  for (const key of keys) here = plain(here)[key]
  return here
}

/** Ids of 64 hex digits as the tools print them: 13. */
export function shortId(id: string | undefined): string | undefined {
  return id !== undefined && /^[0-9a-f]{32,}$/.test(id) ? id.slice(0, 13) : id
}

export function shortDigest(digest: string | undefined): string | undefined {
  return digest?.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, '$1')
}

/** `shop/web-1` from the metadata of an object or from the fields of a request. */
export function nameOf(value: unknown): string | undefined {
  const meta = plain(dig(value, 'metadata'))
  const name = pick(meta, 'name', 'generateName') ?? pick(plain(value), 'name')
  const namespace = pick(meta, 'namespace') ?? pick(plain(value), 'namespace')
  if (name === undefined) return undefined
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** `run pod sandbox` from `runPodSandbox` or `run-pod-sandbox`: the last part of a kind as words. */
export function words(kind: string): string {
  const dot = kind.indexOf('.')
  return (dot < 0 ? kind : kind.slice(dot + 1))
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[-_.]+/g, ' ')
    .toLowerCase()
}
