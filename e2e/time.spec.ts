import { load } from '../bin/bundle.js'
import { expect, test } from './pages/test.ts'

test('rewind and fork: pause, step back, scrub, act in the past, and switch back', async ({ lab, page }) => {
  await lab.open('/lab?scenario=default&view=node&node=worker-1')
  await lab.ready()
  const opened = await lab.model.now()
  await expect.poll(() => lab.model.now()).toBeGreaterThan(opened + 2_000_000)
  await lab.pause()

  // Each step back ends right after an earlier message; a step forward comes back to the same moment.
  const paused = (await lab.model.transport())!
  await page.keyboard.press(',')
  await expect.poll(async () => (await lab.model.transport())!.executed).toBeLessThan(paused.executed)
  const back = (await lab.model.transport())!
  await page.keyboard.press(',')
  await expect.poll(async () => (await lab.model.transport())!.executed).toBeLessThan(back.executed)
  await page.keyboard.press('.')
  await expect.poll(async () => (await lab.model.transport())!.executed).toBe(back.executed)
  await expect.poll(async () => (await lab.model.transport())!.playing).toBe(false)

  // The line of time is a slider: a second to the left, the beginning, the end of what is known.
  const at = await lab.model.now()
  await lab.scrubber.focus()
  await page.keyboard.press('ArrowLeft')
  await expect.poll(() => lab.model.now()).toBeLessThan(at - 900_000)
  await page.keyboard.press('Home')
  await expect.poll(() => lab.model.now()).toBe(0)
  await expect(lab.scrubber).toHaveAttribute('aria-valuenow', '0')
  expect(await lab.model.pods(), 'before anything was created').toEqual([])
  await page.keyboard.press('End')
  const { head } = (await lab.model.transport())!
  await expect.poll(() => lab.model.now()).toBe(head)

  // What is done in the past begins a fork; the other future is kept.
  await page.keyboard.press('PageDown')
  await expect.poll(() => lab.model.now()).toBeLessThan(head)
  await page.keyboard.press('Escape')
  await lab.terminal.open()
  await lab.terminal.run('kubectl create namespace forked')
  await expect.poll(async () => (await lab.model.transport())!.branches.length).toBe(2)
  const fork = (await lab.model.transport())!
  expect(fork.branch).not.toBe(paused.branch)
  expect(fork.branches.find((one) => one.id === fork.branch)!.forkedAt).toBeLessThan(head)
  expect(await lab.terminal.run('kubectl get namespace forked --no-headers')).toMatch(/^forked +Active/)

  await lab.time.getByRole('button', { name: /^Branch / }).click()
  await page.getByRole('menuitemradio', { name: /^main/ }).click()
  await expect.poll(async () => (await lab.model.transport())!.branch).toBe(paused.branch)
  await lab.scrubber.focus()
  await page.keyboard.press('End')
  await expect.poll(() => lab.model.now()).toBe(head)
  await lab.terminal.open()
  expect(await lab.terminal.run('kubectl get namespace forked')).toContain('namespaces "forked" not found')
})

test('the same hash in Chromium as in Node', async ({ lab }) => {
  const { boot } = (await load('src/model/cluster.ts')) as typeof import('../src/model/cluster.ts')
  const moments = [61, 75, 90].map((seconds) => seconds * 1_000_000)
  const timeline = boot('default', 1)
  const expected = moments.map((at) => {
    timeline.runUntil(at)
    return timeline.machine.hash()
  })
  expect(new Set(expected).size).toBe(moments.length)

  await lab.open('/lab?scenario=default&seed=1')
  await lab.ready()
  await lab.pause()
  // Not in order: what was sought again is the same as what was run.
  for (const i of [2, 0, 1, 2]) {
    await lab.model.seek(moments[i]!)
    expect(await lab.model.ask<string>({ q: 'hash' }), `at ${moments[i]} us`).toBe(expected[i])
  }
  await lab.terminal.open()
  expect(await lab.terminal.run('lab hash')).toBe(`${expected[2]}\n`)
})
