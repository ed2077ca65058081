/**
 * Takes the modules of `late-modules.ts` out of the worker's first script. The model imports them as it imports
 * everything, and stays synchronous: in the built worker what is imported of them is a function that asks `src/lab/late.ts`
 * for the real one, which `virtual:late` brings. A module of which more than functions is wanted stays where it is.
 */
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Plugin } from 'vite'
import { LATE } from './late-modules.ts'

const NAME = 'virtual:late'
const STUB = '?late'

interface Import {
  readonly from: string
  /** undefined: all of it, or what is not named one by one. */
  readonly names: readonly string[] | undefined
}

const IMPORT = /^(import|export)\s+(type\s)?([^;'"`]*?)\s*from\s+'(\.[^']+)'/gm

/** The files that a source takes values from, by name. The house writes one form of import, so no parser is needed. */
function importsOf(file: string): Import[] {
  const found: Import[] = []
  for (const [, word, type, what, path] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    if (type) continue
    const from = resolve(dirname(file), path!)
    const braces = /^\{([^}]*)\}$/.exec(what!.trim())
    if (word === 'export' || !braces) {
      found.push({ from, names: undefined })
      continue
    }
    const names = braces[1]!.split(',').map((name) => name.trim())
    const values = names.filter((name) => name !== '' && !name.startsWith('type '))
    if (values.length > 0) found.push({ from, names: values.map((name) => name.split(/\s+as\s+/)[0]!) })
  }
  return found
}

const functionsOf = (file: string): ReadonlySet<string> =>
  new Set(
    [
      ...readFileSync(file, 'utf8').matchAll(
        /^export (?:function (\w+)|const (\w+)(?:: [^=]+)? = (?:<[^>]*>)?\(.*=>)/gm,
      ),
    ].map(([, declared, assigned]) => (declared ?? assigned)!),
  )

/** What the entry cannot do without, and which functions of the late modules it calls. */
function plan(entry: string): { first: Set<string>; late: Map<string, Set<string>> } {
  const first = new Set<string>()
  const wanted = new Map<string, Set<string>>()
  const visit = (file: string): void => {
    if (first.has(file) || !/\.ts$/.test(file)) return
    first.add(file)
    for (const { from, names } of importsOf(file)) {
      const functions = LATE.test(from) ? functionsOf(from) : undefined
      if (!functions || !names?.every((name) => functions.has(name))) visit(from)
      else wanted.set(from, new Set([...(wanted.get(from) ?? []), ...names]))
    }
  }
  visit(entry)
  return { first, late: new Map([...wanted].filter(([file]) => !first.has(file))) }
}

export function lateModules(entry: string): Plugin {
  let made: ReturnType<typeof plan> | undefined
  let building = false
  let parted = false
  const planned = () => (made ??= plan(entry))
  const root = resolve(dirname(entry), '../..')
  const key = (file: string): string => relative(root, file).replace(/^src\/model\/|\.ts$/g, '')
  return {
    name: 'nodeglass-late',
    enforce: 'pre',
    configResolved(config) {
      building = config.command === 'build'
    },
    // Each worker is a build of its own; another one (`rules-worker.ts`) has all of what it imports in its one file.
    buildStart({ input }) {
      const inputs: string[] = typeof input === 'object' ? Object.values(input) : [input]
      parted = building && inputs.some((one) => one.split('?')[0] === entry)
    },
    resolveId(source, importer) {
      if (source === NAME) return '\0' + NAME
      if (!parted || !importer || !source.startsWith('.')) return undefined
      const file = resolve(dirname(importer), source)
      if (!LATE.test(file) || !planned().late.has(file) || !planned().first.has(importer)) return undefined
      return '\0' + file + STUB
    },
    load(id) {
      if (id === '\0' + NAME) {
        if (!parted) return 'export default {}'
        const files = [...planned().late].map(([file, names], i) => ({ file, i, names: [...names].sort() }))
        const line = ({ file, i, names }: (typeof files)[number]): string =>
          `import { ${names.map((name) => `${name} as ${name}_${i}`).join(', ')} } from ${JSON.stringify(file)}`
        const entryOf = ({ file, i, names }: (typeof files)[number]): string =>
          `${JSON.stringify(key(file))}: { ${names.map((name) => `${name}: ${name}_${i}`).join(', ')} }`
        return `${files.map(line).join('\n')}\nexport default { ${files.map(entryOf).join(', ')} }`
      }
      if (!id.startsWith('\0') || !id.endsWith(STUB)) return undefined
      const file = id.slice(1, -STUB.length)
      const names = [...planned().late.get(file)!].sort()
      return [
        `import { late } from ${JSON.stringify(resolve(root, 'src/lab/late.ts'))}`,
        ...names.map(
          (name) => `export const ${name} = (...given) => late(${JSON.stringify(key(file))}).${name}(...given)`,
        ),
      ].join('\n')
    },
  }
}
