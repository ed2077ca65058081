import { load, onSaved, save } from '../lab/storage.ts'

export type Theme = 'light' | 'dark'

const listeners = new Set<() => void>()
const system = window.matchMedia('(prefers-color-scheme: dark)')

const chosen = (): Theme | undefined => load<Theme | undefined>('theme', undefined)
export const currentTheme = (): Theme => chosen() ?? (system.matches ? 'dark' : 'light')

function apply(): void {
  const theme = chosen()
  if (theme) document.documentElement.dataset.theme = theme
  else delete document.documentElement.dataset.theme
  for (const listener of listeners) listener()
}

export function startTheme(): void {
  apply()
  system.addEventListener('change', apply)
  onSaved('theme', apply)
}

export function toggleTheme(): void {
  save('theme', currentTheme() === 'dark' ? 'light' : 'dark')
  apply()
}

export function onTheme(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
