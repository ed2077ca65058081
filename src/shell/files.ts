import type { Micros } from '../sim/contract.ts'

/** What a file operation can fail with; `describe` gives the words that every program prints for it. */
export type FileError =
  | 'ENOENT'
  | 'EISDIR'
  | 'ENOTDIR'
  | 'EACCES'
  | 'EEXIST'
  | 'ENOTEMPTY'
  | 'EROFS'
  | 'EBUSY'
  | 'EINVAL'
  | 'EPERM'
  | 'ENOSPC'

const ERROR_WORDS: Record<FileError, string> = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EACCES: 'Permission denied',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
  EROFS: 'Read-only file system',
  EBUSY: 'Device or resource busy',
  EINVAL: 'Invalid argument',
  EPERM: 'Operation not permitted',
  ENOSPC: 'No space left on device',
}

export function describe(error: FileError): string {
  return ERROR_WORDS[error]
}

export interface FileStat {
  readonly kind: 'file' | 'dir' | 'link'
  readonly size: number
  readonly modified: Micros
  readonly mode?: string
  readonly target?: string
}

export type Outcome<V> = { readonly ok: V } | { readonly error: FileError }

/** The file system of one place. Paths are absolute and normalised. */
export interface Files {
  stat(path: string): Outcome<FileStat>
  read(path: string): Outcome<string>
  /** Names in a directory, sorted by code unit. */
  list(path: string): Outcome<readonly string[]>
  write(path: string, text: string): FileError | undefined
  makeDir(path: string): FileError | undefined
  /** One file, link or empty directory. */
  remove(path: string): FileError | undefined
}

export function normalise(path: string, cwd: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return `/${parts.join('/')}`
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** All that one session may keep in files, so that `while true; do echo x >> f` ends. */
const MEMORY_LIMIT = 16_000_000

interface MemoryEntry {
  readonly text: string | undefined
  readonly modified: Micros
}

/** A small file system in memory: the laptop's, and what learners write on nodes. */
export function createMemoryFiles(initial: Readonly<Record<string, string>>, now: () => Micros): Files {
  const entries = new Map<string, MemoryEntry>([['/', { text: undefined, modified: 0 }]])
  let total = 0

  const addParents = (path: string) => {
    for (let dir = parentOf(path); !entries.has(dir); dir = parentOf(dir)) {
      entries.set(dir, { text: undefined, modified: now() })
    }
  }
  for (const [path, text] of Object.entries(initial)) {
    addParents(path)
    if (path.endsWith('/')) {
      entries.set(path.slice(0, -1), { text: undefined, modified: now() })
    } else entries.set(path, { text, modified: now() })
  }

  const parentProblem = (path: string): FileError | undefined => {
    const parent = entries.get(parentOf(path))
    if (!parent) return ancestorIsFile(path) ? 'ENOTDIR' : 'ENOENT'
    return parent.text === undefined ? undefined : 'ENOTDIR'
  }
  const ancestorIsFile = (path: string): boolean => {
    for (let dir = parentOf(path); dir !== '/'; dir = parentOf(dir)) {
      const entry = entries.get(dir)
      if (entry) return entry.text !== undefined
    }
    return false
  }
  const children = (path: string): string[] => {
    const prefix = path === '/' ? '/' : `${path}/`
    const names: string[] = []
    for (const key of entries.keys()) {
      if (key !== '/' && key.startsWith(prefix) && !key.includes('/', prefix.length))
        names.push(key.slice(prefix.length))
    }
    return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }

  return {
    stat(path) {
      const entry = entries.get(path)
      if (!entry) return { error: ancestorIsFile(path) ? 'ENOTDIR' : 'ENOENT' }
      return entry.text === undefined
        ? { ok: { kind: 'dir', size: 4096, modified: entry.modified } }
        : { ok: { kind: 'file', size: byteLength(entry.text), modified: entry.modified } }
    },
    read(path) {
      const entry = entries.get(path)
      if (!entry) return { error: ancestorIsFile(path) ? 'ENOTDIR' : 'ENOENT' }
      return entry.text === undefined ? { error: 'EISDIR' } : { ok: entry.text }
    },
    list(path) {
      const entry = entries.get(path)
      if (!entry) return { error: 'ENOENT' }
      return entry.text === undefined ? { ok: children(path) } : { error: 'ENOTDIR' }
    },
    write(path, text) {
      const old = entries.get(path)
      if (old && old.text === undefined) return 'EISDIR'
      const problem = parentProblem(path)
      if (problem) return problem
      const grown = total + text.length - (old?.text?.length ?? 0)
      if (grown > MEMORY_LIMIT) return 'ENOSPC'
      total = grown
      entries.set(path, { text, modified: now() })
      return undefined
    },
    makeDir(path) {
      if (entries.has(path)) return 'EEXIST'
      const problem = parentProblem(path)
      if (problem) return problem
      entries.set(path, { text: undefined, modified: now() })
      return undefined
    },
    remove(path) {
      const entry = entries.get(path)
      if (!entry) return 'ENOENT'
      if (path === '/') return 'EBUSY'
      if (entry.text === undefined && children(path).length > 0) return 'ENOTEMPTY'
      total -= entry.text?.length ?? 0
      entries.delete(path)
      return undefined
    },
  }
}

/** UTF-8 length, without TextEncoder (pure code has no DOM). */
export function byteLength(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code < 0xe000 ? 2 : 3
  }
  return bytes
}
