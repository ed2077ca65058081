import { forEachChild, type HereDoc, type ParsedScript, type Redirect, type SyntaxNode } from 'unbash'

/** Whether more lines are needed: an open quote, `do` without `done`, a here-document without its end, a last backslash. */
export function isIncomplete(script: ParsedScript, text: string): boolean {
  if (/(^|[^\\])(\\\\)*\\\n$/.test(text)) return true
  const end = text.trimEnd().length
  for (const error of script.errors ?? []) {
    if (error.message.startsWith('unterminated')) return true
    if (error.message === 'expected redirect target' || error.message.startsWith('unexpected')) continue
    if (error.pos >= end && error.message.startsWith('expected')) return true
  }
  return text.includes('<<') && findHereDocs(script).some((doc) => doc.closing === undefined)
}

/** Bash's words for the first syntax error. */
export function syntaxError(script: ParsedScript, text: string, atEnd: boolean): string | undefined {
  const error = script.errors?.[0]
  if (!error) return undefined
  const quote = /unterminated (.*)$/.exec(error.message)?.[1]
  if (quote) {
    const mark = quote.startsWith('single')
      ? "'"
      : quote.startsWith('double')
        ? '"'
        : quote.startsWith('backtick')
          ? '`'
          : quote.includes('parameter')
            ? '}'
            : ')'
    return `unexpected EOF while looking for matching \`${mark}'`
  }
  if (atEnd && error.pos >= text.trimEnd().length && error.message !== 'expected redirect target')
    return 'syntax error: unexpected end of file'
  const rest = text.slice(error.pos)
  const token =
    /^\s*\n/.test(rest) || rest.trim() === ''
      ? 'newline'
      : (/^\s*(&&|\|\||;;|[|&;()<>]|[^\s|&;()<>]+)/.exec(rest)?.[1] ?? 'newline')
  const named = /^unexpected token '(.*)'$/.exec(error.message)?.[1]
  return `syntax error near unexpected token \`${named ?? token}'`
}

/** `<node-name>` typed as the documentation has it, outside quotes: the text between the angle brackets. */
export function placeholderIn(script: ParsedScript, text: string): string | undefined {
  let found: string | undefined
  walk(script, (node) => {
    if (node.type !== 'Redirect' || node.operator !== '<' || !node.target || found) return
    const redirect: Redirect = node
    const gap = text.slice(redirect.target!.end)
    const inside = /^([\w .-]*)>/.exec(gap)
    if (inside && !text.slice(redirect.pos + 1).startsWith(' ')) found = redirect.target!.text + inside[1]
  })
  return found
}

function findHereDocs(script: ParsedScript): HereDoc[] {
  const docs: HereDoc[] = []
  walk(script, (node) => {
    if (node.type === 'HereDoc') docs.push(node)
  })
  return docs
}

function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node)
  forEachChild(node, (child) => {
    walk(child, visit)
    return undefined
  })
}
