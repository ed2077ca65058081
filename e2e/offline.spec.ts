import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from './pages/test.ts'

test('once opened, it works with its server gone', async ({ lab, page, faults }) => {
  // A server of its own, that can be ended.
  const server = spawn('node', ['bin/serve.js', '0', '/course/lab/', process.env.NODEGLASS_DIST ?? 'dist'])
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer]
    const address = line.toString().trim()
    await page.goto(address)
    await lab.ready()
    // Everything is kept: also the editor and the pictures that were not yet shown.
    await page.evaluate(async () => void (await navigator.serviceWorker.ready))
    const kept = () =>
      page.evaluate(async () => {
        const names = (await caches.keys()).filter((name) => name.startsWith('nodeglass-'))
        const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
        return requests.flat().filter(({ url }) => /monaco/.test(url)).length
      })
    await expect.poll(kept).toBeGreaterThan(0)
    server.kill()
    await once(server, 'exit')

    await page.goto('about:blank')
    await page.goto(`${address}#/lab?view=cluster`)
    await lab.ready()
    await expect(lab.picture('cluster').locator('svg').first()).toBeVisible()
    await lab.editor.open()
    await expect(lab.editor.code).toContainText('apiVersion')
    await lab.terminal.open()
    expect(await lab.terminal.run('kubectl get nodes --no-headers | sort | head -n 1')).toMatch(/^control-plane +Ready/)
    // The browser itself looks for a new worker of the page and does not find the server: that is no fault.
    const own = faults.filter((fault) => !/sw\.js|ERR_CONNECTION_REFUSED|service worker/i.test(fault))
    faults.splice(0, Infinity, ...own.filter((fault) => !fault.startsWith('another origin')))
  } finally {
    server.kill()
  }
})
