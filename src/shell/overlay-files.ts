import type { Micros } from '../sim/contract.ts'
import { byteLength, parentOf, type FileError, type Files } from './files.ts'

/** A file whose text is computed from the model when it is read. */
export interface ViewFile {
  readonly text: () => string
  /** Absent: read-only. `undefined` removes the file. */
  readonly write?: (text: string | undefined) => FileError | undefined
  readonly mode?: string
  readonly target?: string
}

export interface ViewTree {
  readonly files: ReadonlyMap<string, ViewFile>
  /** Directories that exist though nothing is in them, and take new files into the model. */
  readonly dirs?: ReadonlyMap<string, { readonly create?: (path: string, text: string) => FileError | undefined }>
}

/** Model views over a file system in memory: what is written beside the views is kept for the session. */
/** `stamp` names the state that the tree of views was made from; the texts are always read anew. */
export function overlayFiles(base: Files, makeViews: () => ViewTree, now: () => Micros, stamp: () => string): Files {
  let made: { stamp: string; tree: ViewTree; dirs: Map<string, Set<string>> } | undefined
  const current = () => {
    const key = stamp()
    if (made?.stamp !== key) {
      const tree = makeViews()
      made = { stamp: key, tree, dirs: listDirs(tree) }
    }
    return made
  }
  const views = () => current().tree
  const dirsOf = (_tree: ViewTree) => current().dirs
  const forget = (error: FileError | undefined) => {
    made = undefined
    return error
  }
  const listDirs = (tree: ViewTree): Map<string, Set<string>> => {
    const dirs = new Map<string, Set<string>>()
    const add = (path: string) => {
      for (let child = path; child !== '/'; child = parentOf(child)) {
        const parent = parentOf(child)
        const names = dirs.get(parent) ?? new Set<string>()
        const known = names.has(child)
        names.add(child.slice(parent === '/' ? 1 : parent.length + 1))
        dirs.set(parent, names)
        if (known) return
      }
    }
    for (const path of tree.files.keys()) add(path)
    for (const path of tree.dirs?.keys() ?? []) {
      add(path)
      if (!dirs.has(path)) dirs.set(path, new Set())
    }
    return dirs
  }

  return {
    stat(path) {
      const tree = views()
      const view = tree.files.get(path)
      if (view) {
        const size = byteLength(view.text())
        return {
          ok: { kind: view.target ? 'link' : 'file', size, modified: now(), mode: view.mode, target: view.target },
        }
      }
      if (dirsOf(tree).has(path)) return { ok: { kind: 'dir', size: 4096, modified: 0 } }
      return base.stat(path)
    },
    read(path) {
      const tree = views()
      const view = tree.files.get(path)
      if (view) return { ok: view.text() }
      const below = base.read(path)
      return 'error' in below && below.error !== 'EISDIR' && dirsOf(tree).has(path) ? { error: 'EISDIR' } : below
    },
    list(path) {
      const names = dirsOf(views()).get(path)
      const below = base.list(path)
      if (!names) return below
      const all = new Set([...names, ...('ok' in below ? below.ok : [])])
      return { ok: [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) }
    },
    write(path, text) {
      const tree = views()
      const view = tree.files.get(path)
      if (view) return view.write ? forget(view.write(text)) : 'EROFS'
      const dir = tree.dirs?.get(parentOf(path))
      if (dir?.create) return forget(dir.create(path, text))
      const dirs = dirsOf(tree)
      if (dirs.has(path)) return 'EISDIR'
      if (dirs.has(parentOf(path))) makeBaseDir(base, parentOf(path))
      return base.write(path, text)
    },
    makeDir(path) {
      const dirs = dirsOf(views())
      if (dirs.has(path)) return 'EEXIST'
      if (dirs.has(parentOf(path))) makeBaseDir(base, parentOf(path))
      return base.makeDir(path)
    },
    remove(path) {
      const tree = views()
      const view = tree.files.get(path)
      if (view) return view.write ? forget(view.write(undefined)) : 'EROFS'
      if ((dirsOf(tree).get(path)?.size ?? 0) > 0) return 'ENOTEMPTY'
      return tree.dirs?.has(path) ? 'EBUSY' : base.remove(path)
    },
  }
}

function makeBaseDir(base: Files, path: string): void {
  if ('ok' in base.stat(path)) return
  makeBaseDir(base, parentOf(path))
  base.makeDir(path)
}
