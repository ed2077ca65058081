import { expect, type Locator, type Page } from '@playwright/test'
import type { Lab } from './lab.ts'

/** A graded incident beside the stage, worked on with keys alone. */
export class IncidentByKeyboard {
  readonly article: Locator
  private readonly page: Page
  private readonly lab: Lab
  constructor(lab: Lab, id: string) {
    this.lab = lab
    this.page = lab.page
    this.article = this.page.getByRole('article', { name: `Incident ${id}` })
  }

  /** Time used, as it is shown. */
  get clock(): Locator {
    return this.article.getByRole('timer', { name: 'Time used' })
  }
  check(id: string): Locator {
    return this.article.locator(`[data-check="${id}"]`)
  }

  async press(button: string | RegExp): Promise<void> {
    const target = this.article.getByRole('button', { name: button })
    await expect(target).toBeEnabled({ timeout: 60_000 })
    await this.lab.tabTo(target)
    await this.page.keyboard.press('Enter')
  }

  async choose(cause: string, option: string | RegExp): Promise<void> {
    const group = this.article.locator(`[data-cause="${cause}"]`)
    await this.lab.tabTo(group.getByRole('radio').first())
    await this.page.keyboard.press('Space')
    const wanted = group.getByRole('radio', { name: option })
    for (let i = 1; i < (await group.getByRole('radio').count()); i++) {
      if (await wanted.isChecked()) break
      await this.page.keyboard.press('ArrowDown')
    }
    await expect(wanted).toBeChecked()
  }

  async write(label: string, text: string): Promise<void> {
    const line = this.article.getByRole('textbox', { name: label })
    await this.lab.tabTo(line)
    await this.page.keyboard.type(text)
    await expect(line).toHaveValue(text)
  }

  /** Closes it, and waits for the grade. */
  async close(): Promise<void> {
    await this.press('Close the incident')
    await expect(this.article.getByText('of 100 points.')).toBeVisible({ timeout: 60_000 })
  }
}
