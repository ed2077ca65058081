/**
 * The first script: starts the model before anything else is loaded, so that the first picture moves while React is
 * still on its way. Keep it tiny.
 */
import './styles/base.css'
import type { FromWorker } from '../lab/protocol.ts'
import { openingOf } from './opening.ts'
import { startTheme } from './theme.ts'

startTheme()
const worker = new Worker(new URL('../lab/worker.ts', import.meta.url), { type: 'module', name: 'model' })
const early: MessageEvent<FromWorker>[] = []
worker.onmessage = (event: MessageEvent<FromWorker>) => void early.push(event)
window.nodeglass = { worker, early }
const opening = openingOf(location.hash)
if (opening) worker.postMessage(opening)
void import('./main.tsx')
