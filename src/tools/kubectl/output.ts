import type { KubeObject } from '../../model/apiserver/objects.ts'
import { apiVersionOf } from '../../model/apiserver/resources.ts'
import { compactJson, jsonText } from '../json-text.ts'
import { evaluateJsonPath, jsonPathAsJson } from '../jsonpath/evaluate.ts'
import { JsonPathError } from '../jsonpath/parse.ts'
import { customColumns } from '../custom-columns.ts'
import { yamlText } from '../yaml-text.ts'
import { KubectlError } from './flags.ts'
import { slashName, type Found } from './resource-args.ts'

const FORMATS =
  'json,yaml,kyaml,name,go-template,go-template-file,template,templatefile,jsonpath,jsonpath-as-json,jsonpath-file,custom-columns,custom-columns-file,wide'

/** The object with apiVersion and kind, as the API sends it. */
export function withKind({ resource, object }: Found): KubeObject {
  const { apiVersion: _a, kind: _k, ...rest } = object
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...rest } as KubeObject
}

/** `-o ...` other than a table; undefined when the format is for people. `single`: one object was asked for by name. */
export function printObjects(
  format: string,
  found: readonly Found[],
  options: { single: boolean; headers: boolean },
): string | undefined {
  const equals = format.indexOf('=')
  const name = equals < 0 ? format : format.slice(0, equals)
  const argument = equals < 0 ? '' : format.slice(equals + 1)
  if (name === '' || name === 'wide') return undefined
  const objects = found.map(withKind)
  const whole: unknown =
    options.single && objects.length === 1
      ? objects[0]
      : { apiVersion: 'v1', items: objects, kind: 'List', metadata: { resourceVersion: '' } }
  switch (name) {
    case 'json':
      return `${jsonText(whole, 4)}\n`
    case 'yaml':
      return yamlText(whole)
    case 'kyaml':
      return `---\n${kyaml(whole, 0)}\n`
    case 'name':
      return found.map(({ resource, object }) => `${slashName(resource, object.metadata.name)}\n`).join('')
    case 'jsonpath':
    case 'jsonpath-as-json':
      return withJsonPath(argument, () =>
        name === 'jsonpath' ? evaluateJsonPath(argument, whole) : jsonPathAsJson(argument, whole),
      )
    case 'custom-columns':
      return withJsonPath(argument, () => customColumns(argument, objects, options.headers))
    case 'go-template':
    case 'template':
    case 'go-template-file':
    case 'jsonpath-file':
    case 'custom-columns-file':
      throw new KubectlError(
        `not simulated here: -o ${name}; try -o jsonpath='{...}' or -o custom-columns=NAME:.metadata.name`,
      )
    default:
      throw new KubectlError(
        `error: unable to match a printer suitable for the output format "${name}", allowed formats are: ${FORMATS}`,
      )
  }
}

function withJsonPath(template: string, run: () => string): string {
  if (template === '') throw new KubectlError('error: template format specified but no template given')
  try {
    return run()
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    const parse =
      /unterminated|unclosed|unrecognized character|invalid array index|unquote|multiple recursive|cannot parse/.test(
        error.message,
      )
    throw new KubectlError(
      parse
        ? `error: error parsing jsonpath ${template}, ${error.message}`
        : `error: error executing jsonpath ${JSON.stringify(template)}: Error executing template: ${error.message}.`,
    )
  }
}

/** KYAML (KEP-5295): YAML in flow style, every string quoted, trailing commas. */
function kyaml(value: unknown, indent: number): string {
  const pad = ' '.repeat(indent + 2)
  const end = ' '.repeat(indent)
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    const simple = value.every((item) => item === null || typeof item !== 'object')
    if (simple) return `[\n${value.map((item) => `${pad}${kyaml(item, indent + 2)},\n`).join('')}${end}]`
    return `[${value.map((item) => kyaml(item, indent)).join(', ')}]`
  }
  if (value !== null && typeof value === 'object') {
    const record = value as Record<string, unknown>
    const keys = Object.keys(record)
      .filter((key) => record[key] !== undefined)
      .sort()
    if (keys.length === 0) return '{}'
    const key = (name: string) =>
      /^[A-Za-z_][\w./-]*$/.test(name) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(name)
        ? name
        : JSON.stringify(name)
    return `{\n${keys.map((name) => `${pad}${key(name)}: ${kyaml(record[name], indent + 2)},\n`).join('')}${end}}`
  }
  return typeof value === 'string' ? JSON.stringify(value) : compactJson(value)
}
