import { expect, type Locator, type Page } from '@playwright/test'

/** The YAML tab of the dock: Monaco, its remarks, the difference, Apply. */
export class ManifestEditor {
  readonly panel: Locator
  readonly code: Locator
  readonly remarks: Locator
  readonly state: Locator
  readonly compare: Locator
  readonly apply: Locator
  readonly back: Locator
  private readonly page: Page
  constructor(page: Page) {
    this.page = page
    this.panel = page.getByRole('region', { name: 'Manifest editor' })
    this.code = this.panel.locator('.monaco-editor').first()
    this.remarks = this.panel.getByRole('list', { name: 'Remarks on this manifest' })
    this.state = this.panel.getByRole('status').first()
    this.compare = this.panel.getByRole('button', { name: 'Apply…' })
    this.apply = this.panel.getByRole('button', { name: 'Apply', exact: true })
    this.back = this.panel.getByRole('button', { name: 'Back to editing' })
  }

  async open(): Promise<void> {
    await this.page.getByRole('tab', { name: 'YAML' }).click()
    await expect(this.code).toBeVisible()
  }

  /** Replaces the whole text, through the clipboard: what is pasted is not indented anew. */
  async write(text: string): Promise<void> {
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), text)
    await this.code.locator('.view-line').first().click()
    await this.page.keyboard.press('ControlOrMeta+A')
    await this.page.keyboard.press('ControlOrMeta+V')
  }
}
