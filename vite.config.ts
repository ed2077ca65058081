import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { lessonList } from './bin/vite-lessons.ts'
import { lateModules } from './bin/vite-late.ts'
import { contentSecurityPolicy, fetchEarly, offline, type FirstLoad } from './bin/vite-page.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const first: FirstLoad = new Set()

export default defineConfig(({ mode }) => ({
  // Relative addresses: the site works from any folder of any host, with no server rules.
  base: './',
  plugins: [
    react(),
    lessonList(here('./lessons')),
    lateModules(here('./src/lab/worker.ts')),
    contentSecurityPolicy(),
    fetchEarly('src/app/main.tsx', first),
    offline(first),
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
  worker: { format: 'es' as const, plugins: () => [lateModules(here('./src/lab/worker.ts'))] },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // The editor is large, and is loaded only when it is opened.
    chunkSizeWarningLimit: 4_000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'start',
              priority: 2,
              test: /src\/app\/(start|theme|opening|address)\.|src\/lab\/storage|vite\/preload-helper/,
            },
            // What the first picture needs comes as one file. The first script's own parts stay out of it: it must not wait.
            {
              name: 'main',
              test: /node_modules\/(react|react-dom|scheduler|zustand|use-sync-external-store)\/|src\/views\/(drawing|words|node)\/|src\/views\/contract|src\/lab\/(client|replica|watch|short-name)|src\/app\/(App|main|hooks|routes|run|views|stage|lessons|keys|present|icons|start-a-pod)\.|src\/app\/layout\/(TopBar|Menu|Boundary|Caption|Clock|ViewHost|time|shell|boundary|lab)\.|src\/app\/pages\/(Front|Course|front)\.|src\/app\/dock\/(panels|first)|src\/sim\/|src\/app\/lesson\/player\.ts|virtual:lessons/,
            },
          ],
        },
      },
    },
  },
  server: { port: 5300, strictPort: true },
  preview: { port: 5301, strictPort: true },
}))
