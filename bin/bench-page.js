/**
 * What the page costs in a browser, as ratios to a budget, like `nodeglass bench`: builds the page, serves it below a
 * sub-path, opens it in Chromium. Turns and frames are read from Chromium's own trace: no hook in the product.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { findBrowser, root, run } from './install.js'

const FOLDER = join(root, '.cache', 'bench-dist')
const BASE = '/bench/'
const VIEWPORT = { width: 1440, height: 900 }
const PODS = 330

/** Runs in the page before anything of it: when the picture first shows a message under way, and what the run is like. */
function listen() {
  const seen = { moving: undefined, opened: undefined, frame: undefined, pods: new Map(), worker: undefined }
  window.seen = seen
  const look = () => {
    if (document.querySelector('[data-view] [aria-label="Messages under way"] button')) {
      seen.moving ??= performance.now()
      // Until here the cluster was seen to come up, as fast as it can be computed.
      if (!seen.frame.busy) seen.opened ??= performance.now()
    }
    if (seen.opened === undefined) requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
  const Real = window.Worker
  window.Worker = class extends Real {
    constructor(url, options) {
      super(url, options)
      if (options?.name !== 'model') return
      seen.worker = this
      this.addEventListener('message', ({ data }) => {
        if (data.t !== 'frame') return
        const { frame } = data
        seen.frame = { now: frame.now, playing: frame.playing, busy: frame.busy !== undefined }
        if (frame.whole) seen.pods.clear()
        for (const [table, id, record] of frame.changes)
          if (table === 'pods') record ? seen.pods.set(id, record.status?.phase) : seen.pods.delete(id)
      })
    }
  }
}

const send = (page, message) => page.evaluate((message) => window.seen.worker.postMessage(message), message)
const running = (page) => page.evaluate(() => [...window.seen.pods.values()].filter((phase) => phase === 'Running').length)

async function opened(browser, address) {
  const context = await browser.newContext({ viewport: VIEWPORT, serviceWorkers: 'block' })
  const page = await context.newPage()
  await page.addInitScript(listen)
  await page.goto(address)
  await page.waitForFunction(() => window.seen.opened !== undefined, undefined, { timeout: 60_000 })
  return { context, page }
}

/** Scripts that the browser fetched until the first message moved, and when that was; the best of several visits. */
async function firstLoad(browser, address) {
  let [ms, opened] = [Infinity, Infinity]
  let scripts = new Set()
  for (let visit = 0; visit < 5; visit++) {
    const context = await browser.newContext({ viewport: VIEWPORT, serviceWorkers: 'block' })
    const page = await context.newPage()
    await page.addInitScript(listen)
    const fetched = new Set()
    context.on('request', (request) => {
      if (/\.js$/.test(new URL(request.url()).pathname)) fetched.add(new URL(request.url()).pathname)
    })
    await page.goto(address)
    await page.waitForFunction(() => window.seen.moving !== undefined)
    const moving = await page.evaluate(() => window.seen.moving)
    // What comes a moment after the picture is not counted because a visit was slow.
    if (moving < ms) scripts = new Set(fetched)
    ms = Math.min(ms, moving)
    await page.waitForFunction(() => window.seen.opened !== undefined)
    opened = Math.min(opened, await page.evaluate(() => window.seen.opened))
    await context.close()
  }
  let [own, worker] = [0, 0]
  const beside = new Set()
  const reach = (file) => {
    if (beside.has(file)) return
    beside.add(file)
    const text = readFileSync(join(FOLDER, 'assets', file), 'utf8')
    for (const [, next] of text.matchAll(/["'`](?:\.\/|assets\/)([\w.-]+\.js)["'`]/g))
      if (existsSync(join(FOLDER, 'assets', next))) reach(next)
  }
  for (const path of scripts) if (/\/worker-[^/]*$/.test(path)) reach(path.split('/').pop())
  const named = []
  for (const path of scripts) {
    const bytes = gzipSync(readFileSync(join(FOLDER, path.slice(BASE.length))), { level: 9 }).length
    const name = path.split('/').pop().replace(/-[^-]*\.js$/, '')
    named.push(`${name} ${(bytes / 1000).toFixed(1)}`)
    if (beside.has(path.split('/').pop())) worker += bytes
    else own += bytes
  }
  return { ms, opened, own: own / 1000, worker: worker / 1000, named: named.join(', ') }
}

/** The turns of the threads of this name, from Chromium's trace, in milliseconds of the thread's own time. */
async function tasks(browser, page, ms, thread) {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'] })
  const frames = await page.evaluate(async (ms) => {
    let count = 0
    let counting = true
    const count1 = () => {
      count++
      if (counting) requestAnimationFrame(count1)
    }
    requestAnimationFrame(count1)
    await new Promise((resolve) => setTimeout(resolve, ms))
    counting = false
    return count
  }, ms)
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString())
  const threads = new Set()
  for (const { name, pid, tid, args } of traceEvents)
    if (name === 'thread_name' && args.name.startsWith(thread)) threads.add(`${pid}/${tid}`)
  const own = traceEvents.filter(({ ph, pid, tid }) => ph === 'X' && threads.has(`${pid}/${tid}`))
  const calls = own.filter(({ name }) => name === 'FunctionCall').map(({ pid, tid, ts }) => ({ thread: `${pid}/${tid}`, ts }))
  const spans = own
    .filter(({ name }) => /RunTask$/.test(name))
    .map(({ pid, tid, ts, dur, tdur = dur }) => ({
      cpu: tdur / 1000,
      wall: dur / 1000,
      // What is no call into the page's own script is the browser's: collecting garbage, compiling.
      own: calls.some((call) => call.thread === `${pid}/${tid}` && call.ts >= ts && call.ts < ts + dur),
    }))
  const most = (key, own) => spans.reduce((longest, span) => (span.own === own ? Math.max(longest, span[key]) : longest), 0)
  return {
    frames,
    count: spans.filter((span) => span.own).length,
    longest: most('cpu', true),
    longestWall: most('wall', true),
    others: most('cpu', false),
    cpu: spans.reduce((sum, { cpu }) => sum + cpu, 0),
  }
}

const WORKER = 'DedicatedWorker'
const MAIN = 'CrRendererMain'

async function deploy(page) {
  const template = { metadata: { labels: { app: 'many' } }, spec: { containers: [{ name: 'app', image: 'registry.k8s.io/pause:3.10.1' }] } }
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'many', namespace: 'default' },
    spec: { replicas: PODS, selector: { matchLabels: { app: 'many' } }, template },
  }
  const data = { verb: 'create', resource: 'deployments', group: 'apps', namespace: 'default', body }
  await send(page, { t: 'input', input: { kind: 'api.request', from: 'laptop', to: 'apiserver', data } })
}

export async function pageFigures() {
  if (run('npx', ['vite', 'build', '--outDir', FOLDER, '--emptyOutDir', '--logLevel', 'error']) !== 0)
    throw new Error('the page cannot be built')
  const executablePath = findBrowser()
  const { chromium } = await import('@playwright/test')
  const server = spawn(process.execPath, [fileURLToPath(new URL('serve.js', import.meta.url)), '0', BASE, FOLDER])
  const [line] = await once(server.stdout, 'data')
  const address = line.toString().trim()
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] })
  const figures = []
  const figure = (what, unit, value, budget, note) => figures.push({ what, unit, value, budget, ...(note ? { note } : {}) })
  try {
    const load = await firstLoad(browser, address)
    figure("first load, the page's script", 'kB', load.own, 200, `gzip; before anything moves: ${load.named}`)
    figures.push({ what: "first load, the model's worker", unit: 'kB', value: load.worker, note: 'gzip; fetched and run beside the page; it has no budget' })
    figures.push({ what: 'first load, page and worker together', unit: 'kB', value: load.own + load.worker, note: 'gzip; the budget of 200 kB is not met by both together' })
    figure('first message moving in the picture', 'ms', load.ms, 1000, 'best of 5 visits, nothing cached; the cluster comes up')
    figure('the settled cluster running in the picture', 'ms', load.opened, 1000, 'of the same visits')

    const front = await opened(browser, address)
    await send(front.page, { t: 'pace', pace: { mode: 'follow' } })
    const turn = await tasks(browser, front.page, 6000, WORKER)
    figure('longest worker turn, Follow', 'ms', turn.longest, 8, told(turn))
    await send(front.page, { t: 'pace', pace: { mode: 'speed', factor: 10 } })
    const fast = await tasks(browser, front.page, 6000, WORKER)
    figure('longest worker turn, 10x', 'ms', fast.longest, 8, told(fast))
    await front.context.close()

    const big = await opened(browser, `${address}#/lab?scenario=big&view=cluster&node=worker-1`)
    await big.page.waitForFunction(() => window.seen.frame.playing && !window.seen.frame.busy)
    await deploy(big.page)
    await send(big.page, { t: 'pace', pace: { mode: 'speed', factor: 1 } })
    const rollout = await tasks(browser, big.page, 8000, WORKER)
    figure(`longest worker turn while ${PODS} pods start, 1x`, 'ms', rollout.longest, 8, told(rollout))
    await send(big.page, { t: 'pace', pace: { mode: 'speed', factor: 100 } })
    const until = Date.now() + 120_000
    while ((await running(big.page)) < PODS && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 200))
    const up = await running(big.page)
    await send(big.page, { t: 'pace', pace: { mode: 'speed', factor: 1 } })
    for (const [id, title] of [['cluster', 'Cluster'], ['node', 'Node']]) {
      await big.page.getByRole('tab', { name: title, exact: true }).click()
      await big.page.locator(`[data-view="${id}"] svg`).first().waitFor()
      await big.page.waitForTimeout(1500)
      const drawn = await tasks(browser, big.page, 5000, MAIN)
      const rate = drawn.frames / 5
      figure(`60 frames a second with ${up} pods Running, ${title}`, 'ms', 1000 / rate, 1000 / 60, `${rate.toFixed(1)} frames a second`)
      figure(`work of the page for one of these frames, ${title}`, 'ms', drawn.cpu / drawn.frames, 1000 / 60, `the longest task ${drawn.longest.toFixed(1)} ms`)
    }
    const steady = await tasks(browser, big.page, 5000, WORKER)
    figure(`longest worker turn with ${up} pods, 1x`, 'ms', steady.longest, 8, told(steady))
    await big.context.close()
  } finally {
    await browser.close()
    server.kill()
  }
  return figures
}

const told = ({ count, longestWall, others }) =>
  `of ${count}; by the wall clock ${longestWall.toFixed(1)} ms; the browser's own garbage collection and compiling at most ${others.toFixed(1)} ms`

export function print(figures) {
  for (const { what, unit, value, budget, note } of figures) {
    const share = budget === undefined ? '     -            ' : `${(value / budget).toFixed(2).padStart(6)} of budget  `
    const limit = budget === undefined ? '' : ` of ${budget.toFixed(budget % 1 ? 1 : 0).padStart(5)}`
    console.log(`${share}${value.toFixed(value < 10 ? 2 : 0).padStart(7)} ${unit}${limit}  ${what}${note ? ` (${note})` : ''}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) print(await pageFigures())
