import { explainField } from '../../model/apiserver/schema/explain.ts'
import { KubectlError } from './flags.ts'
import { resourceType } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'
import { explainDescriptor } from './explain-descriptor.ts'

/** `kubectl explain pod.spec.containers`. The documentation is large: only the shell imports this file, when it is asked for. */
export const explain: Verb = {
  ...explainDescriptor,
  run(kube: Kube) {
    const word = kube.args[0]
    if (word === undefined)
      throw new KubectlError(
        'error: You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.',
      )
    if (kube.args.length > 1) throw new KubectlError('error: We accept only this format: explain RESOURCE')
    const parts = word.split('.')
    const resource = resourceType(parts[0]!)
    const path = parts.slice(1)
    const found = explainField(resource, path)
    if (typeof found === 'string') throw new KubectlError(found)
    let out = `${resource.group === '' ? '' : `GROUP:      ${resource.group}\n`}KIND:       ${resource.kind}\nVERSION:    ${resource.version}\n\n`
    if (path.length > 0) out += `FIELD: ${path.at(-1)} <${found.shown}>\n\n\n`
    out += `DESCRIPTION:\n${indented(found.description.trim() || '<empty>', 4, 76)}`
    out += '    \n'
    if (found.fields.length > 0) {
      out += 'FIELDS:\n'
      out += kube.flags.bool('recursive') ? tree(resource, path, 2, []) : fieldList(found.fields)
    }
    return { out: `${out}\n`, exit: 0 }
  },
}

type Fields = readonly { name: string; shown: string; required: boolean; description: string }[]

function fieldList(fields: Fields): string {
  return fields
    .map(
      (f) =>
        `  ${f.name}\t<${f.shown}>${f.required ? ' -required-' : ''}\n${indented(f.description || '<no description>', 4, 76)}\n`,
    )
    .join('')
}

function tree(
  resource: Parameters<typeof explainField>[0],
  path: readonly string[],
  indent: number,
  seen: readonly string[],
): string {
  const found = explainField(resource, path)
  if (typeof found === 'string' || seen.includes(found.type)) return ''
  return found.fields
    .map(
      (f) =>
        `${' '.repeat(indent)}${f.name}\t<${f.shown}>${f.required ? ' -required-' : ''}\n${tree(resource, [...path, f.name], indent + 2, [...seen, found.type])}`,
    )
    .join('')
}

/** Words wrapped at `width`, each line indented. */
function indented(text: string, indent: number, width: number): string {
  const pad = ' '.repeat(indent)
  const lines = text.split('\n').flatMap((paragraph) => {
    const out: string[] = []
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        out.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    return [...out, line]
  })
  return lines.map((line) => `${pad}${line}\n`).join('')
}
