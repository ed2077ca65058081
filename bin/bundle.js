/**
 * Bundles one TypeScript entry for Node into .cache and imports it. The bundle is made anew when any source is newer:
 * it takes about 100 ms, and there is no build step to forget.
 */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

function newest(folder) {
  let latest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs)
  }
  return latest
}

/** `entry` is a path from the root of the project. Returns the path of the bundle. */
export async function bundle(entry) {
  const out = join(root, '.cache', entry.replace(/[\\/]/g, '_').replace(/\.tsx?$/, '.mjs'))
  const sources = Math.max(newest(join(root, 'src')), newest(join(root, 'bin')))
  if (!existsSync(out) || statSync(out).mtimeMs < sources) {
    if (!existsSync(join(root, 'node_modules', 'esbuild'))) {
      console.error(
        'nodeglass: the packages are not installed; run `npm ci` (or `npm start`, which does it) in ' + root,
      )
      process.exit(2)
    }
    const { build } = await import('esbuild')
    mkdirSync(dirname(out), { recursive: true })
    await build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile: out,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      sourcemap: 'inline',
      // Packages stay where they are; our own sources and their JSON go in.
      packages: 'external',
    })
  }
  return out
}

export const load = async (entry) => import(pathToFileURL(await bundle(entry)).href)
