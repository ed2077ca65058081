import { useEffect, useState, useSyncExternalStore, type RefObject } from 'react'
import type { Size } from '../views/contract.ts'
import { currentTheme, onTheme, type Theme } from './theme.ts'

export function useTheme(): Theme {
  return useSyncExternalStore(onTheme, currentTheme)
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    () => window.matchMedia(query).matches,
  )
}

/** Below 900 px the lesson is a sheet; below 1180 px two views are tabs. */
export const useNarrow = (): boolean => useMedia('(max-width: 899px)')
export const useWide = (): boolean => useMedia('(min-width: 1180px)')
export const useReducedMotion = (): boolean => useMedia('(prefers-reduced-motion: reduce)')

export function useSize(element: RefObject<HTMLElement | null>): Size | undefined {
  const [size, setSize] = useState<Size>()
  useEffect(() => {
    const node = element.current
    if (!node) return
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return
      const width = Math.floor(entry.contentRect.width)
      const height = Math.floor(entry.contentRect.height)
      setSize((held) => (held?.width === width && held.height === height ? held : { width, height }))
    })
    observer.observe(node)
    return () => observer.disconnect()
  }, [element])
  return size
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title
  }, [title])
}
