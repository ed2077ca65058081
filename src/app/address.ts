/**
 * Addresses behind the hash: they work from any folder of any host, and what stands in them (a whole run, in a link)
 * never reaches a server.
 */
export interface Route {
  path: string
  query: URLSearchParams
}

export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#?\/?/, '/')
  const mark = text.indexOf('?')
  const path = (mark < 0 ? text : text.slice(0, mark)).replace(/\/+$/, '') || '/'
  return { path, query: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) }
}

export function hrefOf(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => (value ? [[key, value]] : []))
  const text = new URLSearchParams(pairs).toString()
  return `#${path}${text ? `?${text}` : ''}`
}
