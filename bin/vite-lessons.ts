/** The list of lessons as a module: the front matter of every `lessons/PART/SLUG/lesson.md`, in folder order. */
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { parse } from 'yaml'

const NAME = 'virtual:lessons'

export function lessonList(folder: string): Plugin {
  return {
    name: 'nodeglass-lessons',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id) {
      if (id !== `\0${NAME}`) return undefined
      const found = read(folder)
      for (const { file } of found) this.addWatchFile(file)
      return `export default ${JSON.stringify(found.map((lesson) => lesson.entry))}`
    },
    configureServer(server) {
      server.watcher.add(folder)
      const changed = (file: string): void => {
        if (!file.startsWith(folder) || !file.endsWith('lesson.md')) return
        const module = server.moduleGraph.getModuleById(`\0${NAME}`)
        if (module) server.moduleGraph.invalidateModule(module)
        server.ws.send({ type: 'full-reload' })
      }
      server.watcher.on('add', changed).on('unlink', changed).on('change', changed)
    },
  }
}

function read(folder: string): { file: string; entry: Record<string, unknown> }[] {
  if (!existsSync(folder)) return []
  const folders = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true })
      .filter((item) => item.isDirectory())
      .map((item) => item.name)
      .sort()
  return folders(folder).flatMap((part) =>
    folders(join(folder, part)).flatMap((slug) => {
      const file = join(folder, part, slug, 'lesson.md')
      if (!existsSync(file)) return []
      const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readFileSync(file, 'utf8'))
      if (!front) return []
      const meta = parse(front[1]!) as Record<string, unknown>
      return [{ file, entry: { ...meta, part, slug, path: `../../lessons/${part}/${slug}/lesson.md` } }]
    }),
  )
}
