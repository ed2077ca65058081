import { goText } from './json-text.ts'
import { findValues, relaxed } from './jsonpath/evaluate.ts'
import { JsonPathError } from './jsonpath/parse.ts'
import { KUBECTL_TABLE, table } from './tabwriter.ts'

/** `-o custom-columns=NAME:.metadata.name,...` (kubectl pkg/cmd/get/customcolumn.go). */
export function customColumns(spec: string, objects: readonly unknown[], headers: boolean): string {
  if (spec === '') throw new JsonPathError('custom-columns format specified but no custom columns given')
  const columns = spec.split(',').map((part) => {
    const colon = part.indexOf(':')
    if (colon < 0)
      throw new JsonPathError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`)
    return { header: part.slice(0, colon), path: relaxed(part.slice(colon + 1)) }
  })
  const rows = objects.map((object) =>
    columns.map(({ path }) => {
      const values = path === '' ? [] : findValues(path, object)
      return values.length === 0 || values[0] === null ? '<none>' : values.map(goText).join(',')
    }),
  )
  return table(headers ? [columns.map((column) => column.header), ...rows] : rows, KUBECTL_TABLE)
}
