/**
 * Bundles one TypeScript entry for Node into .cache and imports it. The bundle is made anew when any source is newer:
 * it takes about 100 ms, and there is no build step to forget.
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
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

/**
 * V8 before 12 (Node 20) gives every object that is written as `{ ...other, more: 1 }` a hidden class of its own: half
 * a kilobyte and a microsecond each, and the model writes little else. esbuild can spell spreads out; its helpers for
 * that copy property descriptors one by one, which no literal of ours needs (none has an accessor after a spread).
 */
const slowSpread = Number.parseInt(process.versions.v8, 10) < 12

function withFastSpread(text) {
  const add =
    '(a, b) => b && Object.hasOwn(b, "__proto__") ? Object.defineProperties(a, Object.getOwnPropertyDescriptors(b)) : Object.assign(a, b);'
  // one place that copies objects of every shape never gets the hidden classes of its own
  const copy = 'var __copied = (a) => ({ ...a });'
  // as many lines as before: the source map stays right
  return text
    .replace(
      /^(var __spread(?:Values|Props) = )(?:.*;|.*\{\n(?:  .*\n)+\};)$/gm,
      (helper, start) =>
        start + add + (start.includes('Values') ? ` ${copy}` : '') + '\n'.repeat(helper.split('\n').length - 1),
    )
    .replaceAll('__spreadValues({}, ', '__copied(')
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
    const { outputFiles } = await build({
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
      write: false,
      ...(slowSpread ? { supported: { 'object-rest-spread': false } } : {}),
    })
    writeFileSync(out, slowSpread ? withFastSpread(outputFiles[0].text) : outputFiles[0].text)
  }
  return out
}

export const load = async (entry) => import(pathToFileURL(await bundle(entry)).href)
