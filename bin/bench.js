/** `npm run bench`: the figures of the model in Node (`nodeglass bench`), then those of the page in a browser. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pageFigures, print } from './bench-page.js'
import { installPackages, root } from './install.js'

installPackages()
const json = process.argv.includes('--json')
const model = spawnSync(process.execPath, [join(root, 'bin', 'nodeglass.js'), 'bench', ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', json ? 'pipe' : 'inherit', 'inherit'],
  encoding: 'utf8',
})
const page = await pageFigures()
if (json) console.log(JSON.stringify({ ...JSON.parse(model.stdout), page }, null, 2))
else print(page)
const over = page.some(({ value, budget }) => budget !== undefined && value > budget * 1.01)
process.exitCode = model.status !== 0 || over ? 1 : 0
