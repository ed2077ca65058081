import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, test } from './pages/test.ts'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

type Theme = 'light' | 'dark'

/** One line per element that breaks a rule. The themes differ in colours alone: in the dark one only those are looked at. */
async function broken(page: Page, theme: Theme, where: string): Promise<string[]> {
  const axe = new AxeBuilder({ page })
  const { violations } = await (theme === 'dark' ? axe.withRules(['color-contrast']) : axe.withTags(TAGS)).analyze()
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${where}: ${id} ${target.join(' ')}: ${failureSummary?.split('\n')[1]?.trim()}`,
    ),
  )
}

const PAGES = [
  '/',
  '/lessons',
  '/help',
  '/nothing-here',
  '/embed/view/node',
  '/lesson/L02',
  '/lesson/L25',
  '/lesson/I19',
]
const WIDTHS = [
  ['wide', { width: 1440, height: 900 }],
  ['390 px', { width: 390, height: 844 }],
] as const

for (const colorScheme of ['light', 'dark'] satisfies Theme[])
  for (const [width, viewport] of WIDTHS)
    test.describe(`${colorScheme}, ${width}`, () => {
      test.use({ colorScheme, viewport })

      test('axe finds nothing on any page', async ({ lab, page }) => {
        test.slow()
        const found: string[] = []
        for (const path of PAGES) {
          await lab.open(path)
          await expect(page.getByRole('heading', { level: 1 }).first()).toBeAttached()
          found.push(...(await broken(page, colorScheme, path)))
        }
        expect(found).toEqual([])
      })

      test('axe finds nothing in any picture or panel', async ({ lab, page }) => {
        test.slow()
        const found: string[] = []
        await lab.open('/lab')
        await lab.ready()
        const tabs = page.getByRole('tablist', { name: 'Pictures' }).getByRole('tab')
        await expect(tabs.first()).toBeVisible()
        for (const tab of await tabs.all()) {
          await tab.click()
          const id = (await tab.getAttribute('data-tab'))!
          await expect(lab.picture(id).locator('svg, canvas, table, pre, form').first()).toBeAttached()
          found.push(...(await broken(page, colorScheme, id)))
        }
        const panels = page.getByRole('tablist', { name: /Dock|Sheet/ }).getByRole('tab')
        for (const name of ['YAML', 'Events', 'Why']) {
          await panels.filter({ hasText: name }).click()
          if (name === 'YAML') await expect(lab.editor.code).toBeVisible()
          found.push(...(await broken(page, colorScheme, name)))
        }
        for (const key of ['?', '/', 's']) {
          await page.getByRole('main').first().press('Escape')
          await page.keyboard.press(key)
          await expect(page.getByRole('dialog')).toBeVisible()
          found.push(...(await broken(page, colorScheme, `overlay ${key}`)))
          await page.keyboard.press('Escape')
          await expect(page.locator('dialog')).toHaveCount(0)
        }
        expect(found).toEqual([])
      })
    })
