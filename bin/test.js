/**
 * `npm test`: installs what is missing, a browser included, then everything a change must pass, in order, and ends
 * with one line that adds it all up. `npm test -- unit e2e` runs only those steps.
 */
import { findBrowser, installPackages, run } from './install.js'

installPackages()

const steps = [
  ['types', () => run('npm', ['run', '--silent', 'types'])],
  ['lint', () => run('npx', ['eslint', '.', '--max-warnings', '0', '--cache', '--cache-location', '.cache/eslint'])],
  ['map', () => run('node', ['bin/import-map.js'])],
  ['unit', () => run('npx', ['vitest', 'run'])],
  ['lessons', () => run('node', ['bin/nodeglass.js', 'lessons'])],
  ['build', () => run('npx', ['vite', 'build', '--logLevel', 'warn'])],
  [
    'e2e',
    () => {
      const browser = findBrowser()
      return run('npx', ['playwright', 'test'], {
        env: { ...process.env, ...(browser ? { CHROMIUM_PATH: browser } : {}) },
      })
    },
  ],
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !steps.some(([step]) => step === name))
if (unknown.length > 0) {
  console.error(`npm test: no step ${unknown.join(', ')}; there are: ${steps.map(([name]) => name).join(' ')}`)
  process.exit(2)
}
const failed = []
let passed = 0
for (const [name, step] of steps) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const started = Date.now()
  console.log(`\n== ${name}`)
  const ok = step() === 0
  if (ok) passed++
  else failed.push(name)
  console.log(`== ${name} ${ok ? 'passed' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`)
console.log(`\nsteps: ${passed} passed, ${failed.length} failed`)
process.exit(failed.length > 0 ? 1 : 0)
