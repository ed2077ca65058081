/** The route as React sees it. wouter's hash location would move the query in front of the hash: this is our own. */
import { useSyncExternalStore } from 'react'
import { parseRoute, type Route } from './address.ts'

const listeners = new Set<() => void>()
let current = { hash: location.hash, route: parseRoute(location.hash) }

function read(): Route {
  if (location.hash !== current.hash) current = { hash: location.hash, route: parseRoute(location.hash) }
  return current.route
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('hashchange', tell)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) removeEventListener('hashchange', tell)
  }
}

function tell(): void {
  for (const listener of listeners) listener()
}

/** `replace`: a change of the same place (another view), which the back button passes over. */
export function go(href: string, options: { replace?: boolean } = {}): void {
  if (href === location.hash) return
  history[options.replace ? 'replaceState' : 'pushState'](null, '', href)
  tell()
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, read)
}
