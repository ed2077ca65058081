/** `define NAME = value` of a file, put in where `$NAME` stands. nftables src/parser_bison.y (initializer_expr). */
export function withDefinitions(text: string): string {
  if (!/^\s*define\s/m.test(text)) return text
  const known = new Map<string, string>()
  return text
    .split('\n')
    .map((line) => {
      const found = /^\s*(?:re)?define\s+([A-Za-z_]\w*)\s*=\s*(.*?);?\s*$/.exec(line)
      const filled = (found ? found[2]! : line).replace(
        /\$([A-Za-z_]\w*)/g,
        (all, name: string) => known.get(name) ?? all,
      )
      if (!found) return filled
      known.set(found[1]!, filled)
      return ''
    })
    .join('\n')
}
