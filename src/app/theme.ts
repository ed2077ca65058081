import { load, onSaved, save } from '../lab/storage.ts'

export type Theme = 'light' | 'dark'

const listeners = new Set<() => void>()
const system = window.matchMedia('(prefers-color-scheme: dark)')

const chosen = (): Theme | undefined => load<Theme | undefined>('theme', undefined)
/** Paper is white on a projector, whatever was chosen. */
const presenting = (): boolean => document.documentElement.hasAttribute('data-present')
export const currentTheme = (): Theme =>
  (presenting() ? 'light' : undefined) ?? chosen() ?? (system.matches ? 'dark' : 'light')

export function applyTheme(): void {
  const theme = presenting() ? 'light' : chosen()
  if (theme) document.documentElement.dataset.theme = theme
  else delete document.documentElement.dataset.theme
  for (const listener of listeners) listener()
}

export function startTheme(): void {
  applyTheme()
  system.addEventListener('change', applyTheme)
  onSaved('theme', applyTheme)
}

export function toggleTheme(): void {
  save('theme', currentTheme() === 'dark' ? 'light' : 'dark')
  applyTheme()
}

export function onTheme(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
