import { expect, type Locator, type Page } from '@playwright/test'
import type { Lab } from './lab.ts'

/** A lesson beside the stage, worked through with keys alone. */
export class LessonByKeyboard {
  readonly article: Locator
  private readonly page: Page
  private readonly lab: Lab
  constructor(lab: Lab, id: string) {
    this.lab = lab
    this.page = lab.page
    this.article = this.page.getByRole('article', { name: `Lesson ${id}` })
  }

  phase(title: string): Locator {
    return this.article.getByRole('heading', { level: 2, name: title, exact: true })
  }
  question(id: string): Locator {
    return this.article.locator(`[data-question="${id}"]`)
  }
  check(id: string): Locator {
    return this.article.locator(`[data-check="${id}"]`)
  }

  /** Chooses an option by arrows and keeps it; waits for the answer of the lesson or the model. */
  async answer(id: string, option: string): Promise<void> {
    const question = this.question(id)
    const options = question.getByRole('radio')
    await this.lab.tabTo(options.first())
    await this.page.keyboard.press('Space')
    for (let i = 1; i < (await options.count()); i++) {
      if (await question.getByRole('radio', { name: option }).isChecked()) break
      await this.page.keyboard.press('ArrowDown')
    }
    await expect(question.getByRole('radio', { name: option })).toBeChecked()
    await this.lab.tabTo(question.getByRole('button', { name: /^(Keep my answer|Answer)$/ }))
    await this.page.keyboard.press('Enter')
    await expect(question.getByText('So it is.')).toBeVisible()
  }

  /** By the button at its foot; the heading of the next phase gets the keyboard. */
  async next(title: string): Promise<void> {
    await this.lab.tabTo(this.article.getByRole('button', { name: title, exact: true }).last())
    await this.page.keyboard.press('Enter')
    await expect(this.phase(title)).toBeFocused()
  }

  async passes(id: string): Promise<void> {
    await expect(this.check(id)).toHaveAttribute('data-passed', 'true')
  }
}
