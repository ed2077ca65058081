import { expect, test } from './pages/test.ts'

test('whatever moves or stands tells what it is, how it stands, its command, and why', async ({ lab, page }) => {
  await lab.open('/lab?scenario=default&view=node&node=worker-1')
  await lab.ready()
  const picture = lab.picture('node')
  const heading = lab.inspector.getByRole('heading', { level: 2 })

  // A pod.
  await picture.getByRole('button', { name: /^pod kube-system\/coredns/ }).click({ position: { x: 12, y: 8 } })
  await expect(heading).toContainText('coredns')
  await expect(lab.inspector).toContainText('Running')
  await expect(lab.inspector.locator('code').first()).toHaveText(/^kubectl .*coredns/)
  await lab.inspector.getByText('The whole object').click()
  await expect(lab.inspector.locator('pre')).toContainText('kind: Pod')

  // An actor.
  await picture.getByRole('button', { name: /^containerd / }).click({ position: { x: 8, y: 8 } })
  await expect(heading).toHaveText('containerd')
  await expect(lab.inspector).toContainText('CRI')

  // A message, where it is at this moment.
  await lab.pause()
  await page.keyboard.press('.')
  await expect(lab.flying.getByRole('button').first()).toBeAttached()
  await expect.poll(() => lab.model.playing()).toBe(false)
  const glyph = await lab.glyph('node')
  await page.mouse.click(glyph.x, glyph.y)
  await expect(lab.inspector).toContainText('sent')
  await expect(lab.inspector).toContainText('arrives')
  const title = (await heading.textContent())!.trim()
  await lab.inspector.getByRole('button', { name: 'Why?' }).click()
  await expect(page.getByRole('tab', { name: 'Why' })).toHaveAttribute('aria-selected', 'true')
  const why = page.getByRole('tabpanel', { name: 'Why' })
  await expect(why.getByRole('heading').first()).toHaveText(`Why ${title}?`)
  await expect(why, 'back to what began it').toContainText('the root')
  await expect(why, 'with its source').toContainText(/\.go /)

  // Its command is typed into the terminal with one click.
  await picture.getByRole('button', { name: /^pod kube-system\/coredns/ }).click({ position: { x: 12, y: 8 } })
  await lab.inspector.getByRole('button', { name: 'Run' }).click()
  await expect.poll(() => lab.terminal.text()).toMatch(/Name: +coredns/)
})
