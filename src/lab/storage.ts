/**
 * The only module that touches browser storage. Everything is under one prefix, small, and may be missing: a browser
 * that refuses storage still has a whole lab.
 */
const PREFIX = 'nodeglass.'
const memory = new Map<string, string>()

function store(): Storage | undefined {
  try {
    return window.localStorage
  } catch {
    return undefined
  }
}

export function load<T>(name: string, fallback: T): T {
  let text: string | null | undefined
  try {
    text = store()?.getItem(PREFIX + name)
  } catch {
    text = undefined
  }
  text ??= memory.get(PREFIX + name)
  if (text === undefined) return fallback
  try {
    return JSON.parse(text) as T
  } catch {
    return fallback
  }
}

/** False: it is kept until the page is closed, and not longer. */
export function save(name: string, value: unknown): boolean {
  const text = JSON.stringify(value)
  memory.set(PREFIX + name, text)
  try {
    store()?.setItem(PREFIX + name, text)
    return store() !== undefined
  } catch {
    return false
  }
}

export function forget(name: string): void {
  memory.delete(PREFIX + name)
  try {
    store()?.removeItem(PREFIX + name)
  } catch {
    // Nothing was kept.
  }
}

/** Calls back when another tab of the lab has saved something under this name. */
export function onSaved(name: string, callback: () => void): () => void {
  const listen = (event: StorageEvent): void => {
    if (event.key === PREFIX + name) {
      memory.delete(PREFIX + name)
      callback()
    }
  }
  window.addEventListener('storage', listen)
  return () => window.removeEventListener('storage', listen)
}
