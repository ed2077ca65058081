/**
 * Serves a built page below a sub-path, with no rules for routes and no headers but types: as plain as a static host
 * gets. `node bin/serve.js [PORT] [BASE] [FOLDER]`; port 0 takes a free one; the address is printed.
 */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const port = Number(process.argv[2] ?? 5390)
const base = process.argv[3] ?? '/'
const folder = resolve(process.argv[4] ?? fileURLToPath(new URL('../dist', import.meta.url)))
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.png': 'image/png',
  '.md': 'text/markdown; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}

function fileOf(url) {
  let path
  try {
    path = decodeURIComponent(new URL(url, 'http://x').pathname)
  } catch {
    return undefined
  }
  if (!path.startsWith(base) || path.includes('\0')) return undefined
  const file = join(folder, normalize(path.slice(base.length)) || 'index.html')
  if (file !== folder && !file.startsWith(folder + sep)) return undefined
  const page = file === folder || file === folder + sep ? join(folder, 'index.html') : file
  return existsSync(page) && statSync(page).isFile() ? page : undefined
}

const server = createServer((request, response) => {
  const file = fileOf(request.url ?? '/')
  if (!file) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`nothing at ${request.url}\n`)
    return
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
  createReadStream(file).pipe(response)
})
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}${base}`))
