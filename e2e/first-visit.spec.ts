import { expect, test } from './pages/test.ts'

/** Frames of the worker until something moves: at 60 a second this is half a second of drawing. */
const FRAMES = 30

test('a first visit shows a running node, and one button starts a pod', async ({ lab, page }) => {
  await lab.open('/')
  const policy = page.locator('meta[http-equiv="Content-Security-Policy"]')
  await expect(policy).toHaveAttribute('content', /^default-src 'none'; script-src 'self'; /)
  const node = lab.picture('node')
  await expect(node.getByRole('group', { name: 'Node worker-1, cut open' })).toBeVisible()
  await expect(node.getByRole('button', { name: /^kubelet v1\.36/ })).toBeVisible()
  await expect(node.getByRole('button', { name: /^pod .*coredns/ }).first()).toBeVisible()
  await expect(lab.flying.getByRole('button').first()).toBeAttached()
  const first = await page.evaluate(() => window.heard!.movedBy)
  expect(first, 'frames until the first message').toBeLessThan(FRAMES)

  const before = (await lab.model.transport())!.moved
  await expect.poll(async () => (await lab.model.transport())!.moved).toBeGreaterThan(before)

  await page.getByRole('button', { name: 'Start a pod and watch' }).click()
  await expect(page).toHaveURL(/#\/lab\?view=node/)
  await expect.poll(async () => (await lab.model.pod('web'))?.node).toBe('worker-1')
  await expect(node.getByRole('button', { name: /^pod default\/web,/ })).toBeVisible()
  // The mouse rests where the button was: no card covers the picture until it is moved.
  await expect(lab.picture('pod-start')).toContainText('bound')
  await expect(page.getByRole('tooltip')).toHaveCount(0)
  for (const thing of [/^kubelet /, /^containerd /])
    await node.getByRole('button', { name: thing }).hover({ position: { x: 8, y: 8 } })
  await expect(page.getByRole('tooltip', { name: 'containerd' })).toContainText('crictl info')
  // Follow shows each message for 0.6 s: faster, now that the start has been seen.
  await lab.model.speed(10)
  await expect.poll(async () => (await lab.model.pod('web'))?.ready).toBe(true)
  const kinds = new Set(await lab.model.kinds())
  for (const kind of ['cri.request', 'cni.add', 'oci.create']) expect([...kinds]).toContain(kind)
  await expect(lab.picture('pod-start')).toContainText('RunPodSandbox')
  await expect(lab.picture('pod-start')).toContainText('CNI ADD')
})
