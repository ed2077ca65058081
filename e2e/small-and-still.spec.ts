import type { SimEvent } from '../src/sim/contract.ts'
import { expect, test } from './pages/test.ts'

test.describe('at 390 px', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true })

  test('picture, time, sheet and tabs can all be used by touch', async ({ lab, page }) => {
    await lab.open('/lab?scenario=default')
    await lab.ready()
    const sheet = page.getByRole('region', { name: 'Lesson and panels' })
    const room = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(await room(), 'nothing runs over the side').toBeLessThanOrEqual(0)

    await lab.time.getByRole('button', { name: 'Pause' }).tap()
    await expect.poll(() => lab.model.playing()).toBe(false)
    const { executed } = (await lab.model.transport())!
    await lab.time.getByRole('button', { name: 'Step back one message' }).tap()
    await expect.poll(async () => (await lab.model.transport())!.executed).toBeLessThan(executed)
    await lab.time.getByRole('button', { name: 'Play' }).tap()
    await expect.poll(() => lab.model.playing()).toBe(true)

    await page.getByRole('tab', { name: 'Cluster' }).tap()
    await expect(
      lab
        .picture('cluster')
        .getByRole('button', { name: /worker-2/ })
        .first(),
    ).toBeVisible()
    await page.getByRole('tab', { name: 'Node' }).tap()
    await lab
      .picture('node')
      .getByRole('button', { name: /^kubelet / })
      .tap({ position: { x: 12, y: 10 } })
    const card = page.getByRole('dialog', { name: 'kubelet' })
    await expect(card).toContainText('now')
    await card.getByRole('button', { name: 'Close' }).tap()
    await expect(card).toBeHidden()

    await sheet.getByRole('tab', { name: 'Events' }).tap()
    await expect(sheet.getByRole('list', { name: /Messages/ })).toBeVisible()
    const before = (await sheet.boundingBox())!.height
    await sheet.getByRole('button', { name: 'Close the sheet' }).tap()
    await expect.poll(async () => (await sheet.boundingBox())!.height).toBeLessThan(before)
    await sheet.getByRole('button', { name: 'Open the sheet' }).press('ArrowUp')
    await expect.poll(async () => (await sheet.boundingBox())!.height).toBeGreaterThanOrEqual(before)

    await page.getByRole('button', { name: 'Menu', exact: true }).tap()
    await page.getByRole('menuitem', { name: 'Lessons' }).tap()
    await expect(page.getByRole('heading', { level: 1, name: 'Lessons' })).toBeVisible()
    expect(await room(), 'nothing runs over the side').toBeLessThanOrEqual(0)
  })
})

test('with reduced motion messages stand at their receiver; without, they travel', async ({ lab, page }) => {
  await lab.open('/lab?scenario=default&view=node&node=worker-1')
  await lab.ready()
  await lab.pause()
  await lab.model.seek(75_000_000)
  const [early, late] = momentsOfOneFlight(await lab.model.ask<SimEvent[]>(FLIGHTS))
  const travels = async (): Promise<boolean> => {
    await lab.model.seek(early)
    await lab.glyph('node')
    const first = await lab.painting('node')
    await lab.model.seek(late)
    await lab.glyph('node')
    return (await lab.painting('node')) !== first
  }
  expect(await travels()).toBe(true)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await expect.poll(travels).toBe(false)
})

const FLIGHTS = { q: 'events', from: 61_000_000, to: 74_000_000, limit: 2_000 } as const

/** A third and two thirds of the way of a message to or from worker-1, between which nothing else leaves or arrives. */
function momentsOfOneFlight(events: readonly SimEvent[]): [number, number] {
  const messages = events.filter((event) => event.from !== event.to)
  for (const { from, to, kind, sent, at } of messages) {
    if (!kind.startsWith('api.') || ![from, to].includes('worker-1/kubelet')) continue
    const early = Math.round(sent + (at - sent) / 3)
    const late = Math.round(sent + ((at - sent) * 2) / 3)
    const between = (moment: number) => moment >= early && moment <= late
    if (late - early > 50 && !messages.some((other) => between(other.sent) || between(other.at))) return [early, late]
  }
  throw new Error('no message has the wire for itself')
}
