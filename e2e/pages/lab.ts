import { expect, type Locator, type Page } from '@playwright/test'
import { ManifestEditor } from './editor.ts'
import { Model } from './model.ts'
import { TerminalPanel } from './terminal.ts'

/** The page: where it is, the picture, time, and the dock. */
export class Lab {
  readonly page: Page
  readonly model: Model
  readonly terminal: TerminalPanel
  readonly editor: ManifestEditor
  readonly time: Locator
  readonly scrubber: Locator
  readonly inspector: Locator

  constructor(page: Page) {
    this.page = page
    this.model = new Model(page)
    this.terminal = new TerminalPanel(page)
    this.editor = new ManifestEditor(page)
    this.time = page.getByRole('contentinfo', { name: 'Time' })
    this.scrubber = page.getByRole('slider', { name: 'Model time' })
    this.inspector = page.getByRole('complementary', { name: 'Inspector' })
  }

  /** `hash`: `/lab?scenario=default`. A full load, also where only the hash differs. */
  async open(hash = '/'): Promise<void> {
    await this.page.goto('about:blank')
    await this.page.goto(`./#${hash}`)
  }

  /** The run has been opened: the cluster stands at its first moment. */
  async ready(): Promise<void> {
    await expect
      .poll(async () => {
        const seen = await this.model.transport()
        return seen !== undefined && !seen.busy && seen.now > 0
      })
      .toBe(true)
  }

  /** Something moves in the picture: what it lists under way for people who cannot see it. */
  get flying(): Locator {
    return this.page.getByRole('list', { name: 'Messages under way' }).first()
  }

  picture(id: string): Locator {
    return this.page.locator(`[data-view="${id}"]`)
  }
  async show(title: string): Promise<void> {
    await this.page.getByRole('tablist', { name: 'Pictures' }).getByRole('tab', { name: title, exact: true }).click()
  }

  /** A key that moves time: back when the page has drawn where it leads. */
  async press(key: string): Promise<void> {
    const { executed } = (await this.model.transport())!
    await this.page.keyboard.press(key)
    await expect.poll(async () => (await this.model.transport())!.executed).not.toBe(executed)
    await this.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
  }

  async pause(): Promise<void> {
    await this.time.getByRole('button', { name: 'Pause' }).click()
    await expect.poll(() => this.model.playing()).toBe(false)
  }
  async play(): Promise<void> {
    await this.time.getByRole('button', { name: 'Play' }).click()
    await expect.poll(() => this.model.playing()).toBe(true)
  }

  /** Tab or Shift+Tab until the keyboard is there, as somebody without a mouse would. */
  async tabTo(target: Locator): Promise<void> {
    for (let pressed = 0; pressed < 160; pressed++) {
      const way = await target.evaluate((element) => {
        const here = document.activeElement
        if (here === element) return 'there'
        const back = here && element.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING
        return back ? 'Shift+Tab' : 'Tab'
      })
      if (way === 'there') return
      await this.page.keyboard.press(way)
    }
    throw new Error(`${target} cannot be reached by Tab`)
  }

  /** A place on the screen where a message is painted. */
  async glyph(view: string): Promise<{ x: number; y: number }> {
    const canvas = this.picture(view).locator('canvas')
    const at = await canvas.evaluate(async (element: HTMLCanvasElement) => {
      for (let i = 0; i < 3; i++) await new Promise((drawn) => requestAnimationFrame(drawn))
      const { width, height } = element
      // Read from a copy: the picture's own canvas stays on the graphics card.
      const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
      copy.drawImage(element, 0, 0)
      const { data } = copy.getImageData(0, 0, width, height)
      const scale = element.clientWidth / width
      // A glyph is filled: the first pixel whose neighbours are painted too is none of a line or of a letter.
      const painted = (x: number, y: number): boolean => data[(y * width + x) * 4 + 3]! > 200
      for (let y = 4; y < height - 4; y++)
        for (let x = 4; x < width - 4; x++)
          if ([-3, 0, 3].every((dx) => [-3, 0, 3].every((dy) => painted(x + dx, y + dy))))
            return { x: x * scale, y: y * scale }
      return undefined
    })
    if (!at) throw new Error('nothing is painted')
    const box = (await canvas.boundingBox())!
    return { x: box.x + at.x, y: box.y + at.y }
  }

  /** What the canvas of moving messages shows, as text to compare, once the last frame has been drawn. */
  painting(view: string): Promise<string> {
    return this.picture(view)
      .locator('canvas')
      .evaluate(async (element: HTMLCanvasElement) => {
        for (let i = 0; i < 3; i++) await new Promise((drawn) => requestAnimationFrame(drawn))
        return element.toDataURL()
      })
  }
}
