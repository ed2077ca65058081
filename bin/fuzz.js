import { load } from './bundle.js'

const { main } = await load('src/cli/main.ts')
process.exitCode = await main(['fuzz', ...process.argv.slice(2)])
