import type { Redirection } from 'unbash'
import { describe, normalise, type Files } from './files.ts'
import type { Context, Io } from './process.ts'
import { nullSink, nullSource, textSource, type Sink, type Source } from './streams.ts'
import { type WordContext } from './expansion.ts'
import { expandHereDoc, expandWord } from './words.ts'

export class RedirectError extends Error {}

/** Applies redirections from left to right, as bash does: `>f 2>&1` and `2>&1 >f` differ. */
export async function redirect(redirects: readonly Redirection[], context: Context, words: WordContext): Promise<Io> {
  let { stdin, stdout, stderr } = context.io
  const setOut = (fd: number, sink: Sink) => {
    if (fd === 1) stdout = sink
    else if (fd === 2) stderr = sink
    else throw new RedirectError(`${fd}: Bad file descriptor`)
  }
  for (const r of redirects) {
    const fd = r.descriptor?.type === 'FileDescriptor' ? r.descriptor.value : undefined
    if (r.descriptor?.type === 'FileDescriptorVariable')
      throw new RedirectError(`{${r.descriptor.name}}: descriptors by name are not simulated here`)
    if (r.type === 'HereDoc') {
      stdin = textSource(r.body.parts ? await expandHereDoc(r.body.parts, words) : r.body.text)
      continue
    }
    if (!r.target) throw new RedirectError("syntax error near unexpected token `newline'")
    const fields = await expandWord(r.target, words)
    if (r.type === 'HereString') {
      stdin = textSource(`${fields.join(' ')}\n`)
      continue
    }
    if (fields.length !== 1) throw new RedirectError(`${r.target.text}: ambiguous redirect`)
    const name = fields[0]!
    switch (r.operator) {
      case '<':
        stdin = openRead(name, context)
        break
      case '<>':
        stdin = openRead(name, context)
        break
      case '>':
      case '>|':
        setOut(fd ?? 1, openWrite(name, context, false))
        break
      case '>>':
        setOut(fd ?? 1, openWrite(name, context, true))
        break
      case '&>':
      case '&>>':
        stdout = stderr = openWrite(name, context, r.operator === '&>>')
        break
      case '>&':
        if (name === '1') setOut(fd ?? 1, stdout)
        else if (name === '2') setOut(fd ?? 1, stderr)
        else if (name === '-') setOut(fd ?? 1, nullSink)
        else if (/^\d+$/.test(name)) throw new RedirectError(`${name}: Bad file descriptor`)
        else stdout = stderr = openWrite(name, context, false)
        break
      case '<&':
        if (name === '-') stdin = nullSource
        else if (name !== '0') throw new RedirectError(`${name}: Bad file descriptor`)
        break
    }
  }
  return { stdin, stdout, stderr }
}

function openRead(name: string, context: Context): Source {
  if (name === '/dev/null') return nullSource
  if (name === '/dev/stdin' || name === '/dev/tty') return context.io.stdin
  const path = normalise(name, context.shell.cwd)
  const text = context.site.files.read(path)
  if ('ok' in text) return textSource(text.ok)
  throw new RedirectError(`${name}: ${describe(text.error)}`)
}

function openWrite(name: string, context: Context, append: boolean): Sink {
  if (name === '/dev/null') return nullSink
  if (name === '/dev/stdout' || name === '/dev/tty') return context.io.stdout
  if (name === '/dev/stderr') return context.io.stderr
  return fileSink(context.site.files, normalise(name, context.shell.cwd), name, append)
}

/** What is written is in the file at once, so that a `tail -f` beside it sees it. */
export function fileSink(files: Files, path: string, name: string, append: boolean): Sink {
  const old = append ? files.read(path) : undefined
  let text = old && 'ok' in old ? old.ok : ''
  const store = () => {
    const error = files.write(path, text)
    if (error) throw new RedirectError(`${name}: ${describe(error)}`)
  }
  store()
  return {
    tty: false,
    write(piece) {
      text += piece
      store()
    },
    close() {},
  }
}
