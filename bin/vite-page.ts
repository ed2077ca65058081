/** What the built page needs beside its bundle: a Content-Security-Policy, early fetches, and a worker for offline. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

/** Monaco, Mermaid and xterm write style elements; nothing else needs an exception. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** The policy goes into the built page only: the development server injects an inline script. */
export function contentSecurityPolicy(): Plugin {
  return {
    name: 'nodeglass-csp',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (html) =>
        html.replace(
          '<meta charset="utf-8" />',
          (charset) => `${charset}\n    <meta http-equiv="Content-Security-Policy" content="${POLICY}" />`,
        ),
    },
  }
}

/** Files of the first load, known once the bundle is made: the page names them, and the service worker keeps them. */
export type FirstLoad = Set<string>

/**
 * The first script only starts the worker and asks for the rest: name the rest in the page, so that all of it is
 * fetched at once.
 */
export function fetchEarly(entry: string, first: FirstLoad): Plugin {
  return {
    name: 'nodeglass-fetch-early',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(page, { bundle }) {
        const chunks = new Set<string>()
        const styles = new Set<string>()
        const take = (name: string): void => {
          const chunk = bundle?.[name]
          if (!chunk || chunk.type !== 'chunk' || chunks.has(name)) return
          chunks.add(name)
          const css = (chunk as { viteMetadata?: { importedCss?: Set<string> } }).viteMetadata?.importedCss
          for (const sheet of css ?? []) styles.add(sheet)
          for (const imported of chunk.imports) take(imported)
        }
        const html = new Set<string>()
        for (const chunk of Object.values(bundle ?? {})) {
          if (chunk.type !== 'chunk') continue
          if (chunk.isEntry) for (const file of [chunk.fileName, ...chunk.imports]) html.add(file)
          if (chunk.moduleIds.some((id) => id.endsWith(entry))) take(chunk.fileName)
        }
        const names = Object.keys(bundle ?? {})
        const fonts = names.filter((name) => /plex-sans-latin-(400|600)-.*woff2$/.test(name))
        const worker = names.filter((name) => /assets\/worker-[^/]*\.js$/.test(name))
        // What the worker's script cannot start without, where the bundler made more than one file of it.
        const beside = worker.flatMap((name) => {
          const made = bundle![name]!
          const text = made.type === 'chunk' ? made.code : String(made.source)
          return [...text.matchAll(/\bfrom ?"\.\/([^"]+)"/g)].map(([, file]) => `assets/${file!}`)
        })
        for (const name of [...chunks, ...styles, ...html, ...worker, ...beside]) first.add(name)
        for (const name of names) if (/latin-(400|500|600)-.*woff2$|^assets\/index-.*css$/.test(name)) first.add(name)
        const tag = (tagName: string, attrs: Record<string, string>) => ({
          tag: tagName,
          attrs,
          injectTo: 'head' as const,
        })
        return [
          ...[...chunks, ...beside]
            .filter((file) => !html.has(file))
            .map((file) => tag('link', { rel: 'modulepreload', crossorigin: '', href: `./${file}` })),
          ...[...styles]
            .filter((file) => !page.includes(file))
            .map((file) => tag('link', { rel: 'stylesheet', href: `./${file}` })),
          ...fonts.map((file) =>
            tag('link', { rel: 'preload', as: 'font', type: 'font/woff2', href: `./${file}`, crossorigin: '' }),
          ),
        ]
      },
    },
  }
}

/**
 * Works offline once opened. The files of the first load are kept at once, the rest when the page says that it is idle.
 * Names carry hashes, so what is kept never changes; the page itself comes from the network first.
 */
const SERVICE_WORKER = `
const NAME = 'nodeglass-VERSION'
const FIRST = FIRST_FILES
const REST = REST_FILES
const keep = (files) => caches.open(NAME).then((cache) => cache.addAll(files))
self.addEventListener('install', (event) => {
  event.waitUntil(keep(FIRST).then(() => self.skipWaiting()))
})
self.addEventListener('activate', (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name.startsWith('nodeglass-') && name !== NAME).map((name) => caches.delete(name)))
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()))
})
self.addEventListener('message', (event) => {
  if (event.data === 'idle') event.waitUntil(keep(REST).catch(() => undefined))
})
self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return
  const kept = (what) => caches.match(what, { ignoreSearch: true, ignoreVary: true })
  if (request.mode === 'navigate')
    event.respondWith(fetch(request).catch(() => kept(request).then((page) => page || kept('./index.html'))))
  else event.respondWith(kept(request).then((file) => file || fetch(request)))
})
`

export function offline(first: FirstLoad): Plugin {
  let out = 'dist'
  return {
    name: 'nodeglass-offline',
    apply: 'build',
    configResolved(config) {
      out = resolve(config.root, config.build.outDir)
    },
    closeBundle() {
      const files = list(out).filter((file) => !/^sw\.js$|\.map$|\.woff$/.test(file))
      const hash = createHash('sha256')
      for (const file of files) hash.update(file).update(readFileSync(join(out, file)))
      const names = (wanted: boolean): string =>
        JSON.stringify(
          files.filter((file) => (first.has(file) || !file.includes('/')) === wanted).map((file) => `./${file}`),
        )
      const text = SERVICE_WORKER.replace('VERSION', hash.digest('hex').slice(0, 12))
        .replace('FIRST_FILES', () => names(true))
        .replace('REST_FILES', () => names(false))
      writeFileSync(join(out, 'sw.js'), text)
    },
  }
}

function list(folder: string, root = folder): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? list(path, root) : [relative(root, path).split('\\').join('/')]
  })
}
