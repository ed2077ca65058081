import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { lessonList } from './bin/vite-lessons.ts'
import { contentSecurityPolicy, fetchEarly, offline } from './bin/vite-page.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** What is needed before anything is opened: the page, its scripts and styles, the model, two alphabets. */
const firstLoad = (file: string): boolean =>
  /^(index\.html|icon\.svg|nodeglass\.webmanifest)$/.test(file) ||
  /assets\/(start|main|index|worker|View|react|client|lessons)-[^/]*\.(js|css)$/.test(file) ||
  /-latin-(400|500|600)-normal-[^/]*\.woff2$/.test(file)

export default defineConfig(({ mode }) => ({
  // Relative addresses: the site works from any folder of any host, with no server rules.
  base: './',
  plugins: [
    react(),
    lessonList(here('./lessons')),
    contentSecurityPolicy(),
    fetchEarly(['src/app/main.tsx', 'src/lab/worker.ts']),
    offline(firstLoad),
  ],
  resolve: {
    alias: [
      // monaco-yaml imports Monaco by the names of its older releases.
      { find: /^monaco-editor\/esm\/vs\/(.*?)(?:\.js)?$/, replacement: 'monaco-editor/$1.js' },
      // `vite --mode fake`: the toy cluster of the lab's tests in place of the model, to work on the page alone.
      ...(mode === 'fake' || !existsSync(here('./src/model/cluster.ts'))
        ? [{ find: /^.*\/model\/cluster\.ts$/, replacement: here('./src/lab/fake/fake-cluster.ts') }]
        : []),
    ],
  },
  worker: { format: 'es' as const },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // The editor is large, and is loaded only when it is opened.
    chunkSizeWarningLimit: 4_000,
    modulePreload: { polyfill: false },
  },
  server: { port: 5300, strictPort: true },
  preview: { port: 5301, strictPort: true },
}))
