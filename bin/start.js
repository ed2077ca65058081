/** `npm start`: installs what is missing, starts the lab, prints the address. */
import { installPackages, run } from './install.js'

installPackages()
process.exit(run('npx', ['vite', ...process.argv.slice(2)]))
