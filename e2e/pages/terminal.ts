import { expect, type Locator, type Page } from '@playwright/test'

/** The terminal of the dock: typed into as a person does, read from what the worker printed and from the screen. */
export class TerminalPanel {
  readonly screen: Locator
  private readonly page: Page
  constructor(page: Page) {
    this.page = page
    this.screen = page.locator('.xterm-rows')
  }

  /** With the mouse. */
  async open(): Promise<void> {
    const tab = this.page.getByRole('tab', { name: 'Terminal' })
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click()
    await this.page.locator('.xterm-screen').click()
    await this.isReady()
  }
  /** By its key, from anywhere in the lab but a text box. */
  async openByKey(): Promise<void> {
    await this.page.keyboard.press('t')
    await this.isReady()
  }
  /** Escape, then Tab, as its label says; here backwards, to where the lesson is. */
  async leaveByKey(): Promise<void> {
    await this.page.keyboard.press('Escape')
    await this.page.keyboard.press('Shift+Tab')
    await expect(this.page.locator('.xterm-helper-textarea')).not.toBeFocused()
  }
  private async isReady(): Promise<void> {
    await expect(this.page.locator('.xterm-helper-textarea')).toBeFocused()
    await this.prompt()
  }

  /** Everything the session has printed, escape sequences included. */
  private printed(): Promise<string> {
    return this.page.evaluate(() => window.heard?.printed ?? '')
  }

  /** Waits until the shell stands at a prompt; returns it. */
  async prompt(after = 0): Promise<string> {
    let found = ''
    await expect
      .poll(async () => {
        // The prompt is drawn on a cleared line, with nothing typed after it and the cursor behind it.
        const last = (await this.printed()).slice(after).match(/\r\x1b\[J([^\r\n\x1b]*[$#] )\r\x1b\[\d+C$/)
        found = last?.[1] ?? ''
        return found
      })
      .not.toBe('')
    return found
  }

  /** Types a line and Enter, waits for the next prompt, and returns what was printed between. */
  async run(line: string): Promise<string> {
    await this.page.keyboard.type(line)
    const before = (await this.printed()).length
    await this.page.keyboard.press('Enter')
    await expect.poll(async () => (await this.printed()).indexOf('\r\n', before)).toBeGreaterThan(0)
    await this.prompt((await this.printed()).indexOf('\r\n', before) + 2)
    const all = await this.printed()
    return plain(all.slice(all.indexOf('\r\n', before) + 2)).replace(/[^\n]*$/, '')
  }

  /** Types a line and Enter, and does not wait. */
  async start(line: string): Promise<void> {
    await this.page.keyboard.type(line)
    await this.page.keyboard.press('Enter')
  }

  /** What was printed since the session began, as plain text: redrawn lines come as often as they were drawn. */
  async text(): Promise<string> {
    return plain(await this.printed())
  }
}

function plain(text: string): string {
  return text
    .replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/\r\n/g, '\n')
    .replace(/\r/g, '')
}
