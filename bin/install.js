/** Sets a fresh clone up: packages by `npm ci` when they are missing or older than the lock; a browser when asked. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  })
  if (result.error) throw result.error
  return result.status ?? 1
}

export function installPackages() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(
      `nodeglass: Node.js ${process.versions.node} is too old; 20.19 or newer is needed (https://nodejs.org)`,
    )
    process.exit(2)
  }
  const mark = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync(lock).mtimeMs - 1000) return
  console.log('nodeglass: installing packages (npm ci) ...')
  if (run('npm', ['ci', '--no-audit', '--no-fund']) !== 0) {
    console.error('nodeglass: npm ci failed; its message is above')
    process.exit(1)
  }
}

/** Path of a Chromium, or undefined where Playwright's own is to be used. Installs one where it can. */
export function findBrowser() {
  const seen = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const found = () => seen.find((path) => path && existsSync(path))
  if (found()) return found()
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log("nodeglass: no browser found; installing Debian's chromium ...")
    run('apt-get', ['update', '-qq'], { stdio: 'ignore' })
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (found()) return found()
  }
  console.log("nodeglass: no system browser; installing Playwright's own ...")
  execFileSync('npx', ['playwright', 'install', 'chromium'], { cwd: root, stdio: 'inherit' })
  return undefined
}
