/**
 * Every test opens its page with these eyes on it, and fails where the page logs an error, is refused something by its
 * own Content-Security-Policy, asks another origin, or asks for what is not there.
 */
import { test as base, expect } from '@playwright/test'
import { Lab } from './lab.ts'

export const test = base.extend<{ lab: Lab; faults: string[] }>({
  faults: async ({ context, baseURL }, use) => {
    const faults: string[] = []
    const origin = new URL(baseURL!).origin
    context.on('weberror', (error) => faults.push(`uncaught: ${error.error().stack ?? error.error().message}`))
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`)
    })
    context.on('request', (request) => {
      const url = new URL(request.url())
      if (/^https?:$/.test(url.protocol) && url.origin !== origin) faults.push(`another origin: ${request.url()}`)
    })
    context.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`)
    })
    await use(faults)
    expect(faults, 'what went wrong in the page while nobody looked').toEqual([])
  },
  lab: async ({ page, faults }, use) => {
    const lab = new Lab(page)
    await lab.model.listen()
    await use(lab)
    if (!page.isClosed())
      for (const line of await page.evaluate(() => window.heard?.refused ?? []))
        faults.push(`refused by the CSP: ${line}`)
  },
})
export { expect }
