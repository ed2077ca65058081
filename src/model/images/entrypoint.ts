/** From an image, a command and arguments to the words that run, the program that stands for them, or the refusal. */
import type { KnownImage } from './known-image.ts'
import { hasTool, isShell } from './tools.ts'

const UNKNOWN_ENTRYPOINT = ['/entrypoint']

/** `command` replaces entrypoint and cmd; `args` alone replaces cmd. Empty: the image names no command either. */
export function entrypointOf(
  image: KnownImage | undefined,
  command: readonly string[],
  args: readonly string[],
): string[] {
  if (command.length > 0) return [...command, ...args]
  const entry = image?.entry
  if (!entry) return [...UNKNOWN_ENTRYPOINT, ...args]
  return [...(entry.entrypoint ?? []), ...(args.length > 0 ? args : (entry.cmd ?? []))]
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Name of the program that runs for these words: a server of the image, a shell, a tool; 'unknown' sleeps. */
export function programOf(image: KnownImage | undefined, argv: readonly string[]): string {
  const name = baseName(argv[0] ?? '')
  const entry = image?.entry
  const own = entry?.programs?.[name]
  if (own !== undefined) return own
  if (isShell(name, entry)) return 'shell'
  if (entry === undefined && argv[0] === UNKNOWN_ENTRYPOINT[0]) return 'unknown'
  if (hasTool(name, entry)) return 'tool'
  return 'unknown'
}

/** runc's words when the first word is no program of the image; undefined where it is, or cannot be known. */
export function missingExecutable(image: KnownImage | undefined, argv: readonly string[]): string | undefined {
  const entry = image?.entry
  if (!entry) return undefined
  const word = argv[0] ?? ''
  const name = baseName(word)
  const present =
    entry.programs?.[name] !== undefined ||
    [...(entry.entrypoint ?? []).slice(0, 1), ...(entry.entrypoint ? [] : (entry.cmd ?? []).slice(0, 1))].some(
      (w) => baseName(w) === name,
    ) ||
    isShell(name, entry) ||
    hasTool(name, entry)
  if (present) return undefined
  if (word.includes('/')) return `exec: "${word}": stat ${word}: no such file or directory`
  return `exec: "${word}": executable file not found in $PATH`
}
