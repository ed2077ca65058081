import { resourceByName } from '../../model/apiserver/resources.ts'
import { fieldsOf, typeOfKind, type FieldType } from '../../model/apiserver/schema.ts'
import { typeWords } from './resource-args.ts'
import type { Verb } from './verb.ts'

const within = (type: FieldType): string | undefined =>
  type.is === 'object' ? type.name : type.is === 'scalar' ? undefined : within(type.of)

/** Completion walks the schema, which is small; the documentation is not. */
function completePath(word: string): string[] {
  const parts = word.split('.')
  if (parts.length === 1) return typeWords()
  const resource = resourceByName(parts[0]!)
  let type =
    resource &&
    typeOfKind(resource.group === '' ? resource.version : `${resource.group}/${resource.version}`, resource.kind)
  for (const step of parts.slice(1, -1)) {
    const field = type === undefined ? undefined : fieldsOf(type).get(step)
    type = field && within(field.type)
  }
  const base = parts.slice(0, -1).join('.')
  return type === undefined ? [] : [...fieldsOf(type).keys()].map((name) => `${base}.${name}`)
}

export const explainDescriptor: Verb = {
  name: 'explain',
  summary: 'the documentation of a field',
  usage: 'TYPE[.field.field] [--recursive]',
  flags: { recursive: { takes: 'bool' }, 'api-version': { takes: 'value' }, output: { short: 'o', takes: 'value' } },
  complete: (words) => completePath(words.at(-1) ?? ''),
  run: () => ({ err: 'not available: the documentation is not loaded in this session\n', exit: 1 }),
}
