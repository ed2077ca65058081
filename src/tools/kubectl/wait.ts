import type { Condition } from '../../model/apiserver/objects.ts'
import { getObject } from '../../model/apiserver/object-store.ts'
import type { ApiResource } from '../../model/apiserver/resources.ts'
import { notFound } from '../../model/apiserver/status-errors.ts'
import { goText } from '../json-text.ts'
import { findValues, relaxed } from '../jsonpath/evaluate.ts'
import type { ToolResult } from '../contract.ts'
import { goDuration } from './durations.ts'
import { KubectlError } from './flags.ts'
import { withKind } from './output.ts'
import { completeResource, find, readResourceArgs, slashName } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

interface Target {
  readonly resource: ApiResource
  readonly namespace: string | undefined
  readonly name: string
  readonly uid: string | undefined
  readonly met: boolean
}

interface Progress {
  readonly targets: readonly Target[]
  readonly until: number
}

type Test = (kube: Kube, target: Target) => boolean

export const wait: Verb = {
  name: 'wait',
  summary: 'wait, in model time, until a condition holds',
  usage: '(TYPE NAME | TYPE/NAME | -l label) --for=delete|create|condition=NAME[=VALUE]|jsonpath=EXPR[=VALUE]',
  flags: {
    for: {
      takes: 'list',
      says: 'condition=Ready, delete, create, jsonpath={.status.phase}=Running',
      choices: ['condition=Ready', 'condition=Available', 'delete', 'jsonpath='],
    },
    timeout: { takes: 'value', says: 'default 30s; 0 looks once; negative waits a week' },
    all: { takes: 'bool' },
    'all-namespaces': { short: 'A', takes: 'bool' },
    selector: { short: 'l', takes: 'value' },
    'field-selector': { takes: 'value' },
    filename: { short: 'f', takes: 'list' },
    output: { short: 'o', takes: 'value' },
  },
  complete: completeResource,
  run(kube) {
    const { flags } = kube
    const conditions = flags.list('for')
    if (conditions.length === 0)
      throw new KubectlError('error: --for is required: condition=NAME, delete, create or jsonpath=...')
    const tests = conditions.map(testOf)
    const timeout = goDuration(flags.get('timeout') ?? '30s')
    const before = kube.call.state as Progress | undefined
    const state = before ?? {
      targets: targetsOf(kube, conditions),
      until: kube.now + (timeout < 0 ? 604_800_000_000 : timeout),
    }
    let out = ''
    const targets = state.targets.map((target) => {
      if (target.met) return target
      const met = tests.every((test) => test(kube, target))
      if (met) out += `${slashName(target.resource, target.name)} condition met\n`
      return { ...target, met }
    })
    const open = targets.filter((target) => !target.met)
    if (open.length === 0) return { out, exit: 0 }
    if (kube.now >= state.until) {
      const text = (t: Target) =>
        timeout === 0
          ? `error: condition not met for ${t.resource.resource}/${t.name}\n`
          : `error: timed out waiting for the condition on ${t.resource.resource}/${t.name}\n`
      return { out, err: open.map(text).join(''), exit: 1 }
    }
    return {
      out,
      state: { ...state, targets },
      wait: { until: state.until, tables: [...new Set(open.map((t) => t.resource.table))] },
    } satisfies ToolResult
  },
}

function targetsOf(kube: Kube, conditions: readonly string[]): Target[] {
  const creating = conditions.some((c) => c.toLowerCase() === 'create')
  const deleting = conditions.some((c) => c.toLowerCase() === 'delete')
  const named = readResourceArgs(kube.args, {
    allowAll: kube.flags.bool('all') || kube.flags.has('selector') || kube.flags.has('field-selector'),
    path: 'kubectl wait',
  })
  if (creating)
    return named.map(({ resource, name }) => ({
      resource,
      namespace: resource.namespaced ? kube.namespace : undefined,
      name: name ?? '',
      uid: undefined,
      met: false,
    }))
  const { found, errors } = find(kube, named, { allNamespaces: kube.flags.bool('all-namespaces') })
  if (errors.length > 0 && !deleting) throw new KubectlError(errors[0]!)
  if (found.length === 0 && !deleting) throw new KubectlError('error: no matching resources found')
  return found.map(({ resource, object }) => ({
    resource,
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    uid: object.metadata.uid,
    met: false,
  }))
}

const current = (kube: Kube, t: Target) => getObject(kube.reader, t.resource, t.namespace, t.name)

function testOf(text: string): Test {
  const lower = text.toLowerCase()
  if (lower === 'delete') return (kube, t) => current(kube, t)?.metadata.uid !== t.uid || t.uid === undefined
  if (lower === 'create') return (kube, t) => current(kube, t) !== undefined
  if (text.startsWith('condition=')) {
    const [name = '', ...rest] = text.slice('condition='.length).split('=')
    const value = rest.length > 0 ? rest.join('=') : 'true'
    return (kube, t) => {
      const object = current(kube, t)
      if (!object) throw new KubectlError(`Error from server (NotFound): ${notFound(t.resource, t.name).message}`)
      const status = object.status as { conditions?: Condition[]; observedGeneration?: number } | undefined
      const condition = status?.conditions?.find((c) => c.type.toLowerCase() === name.toLowerCase())
      if (!condition) return false
      const seen = condition.observedGeneration ?? status?.observedGeneration
      if (seen !== undefined && object.metadata.generation !== undefined && seen < object.metadata.generation)
        return false
      return condition.status.toLowerCase() === value.toLowerCase()
    }
  }
  if (text.startsWith('jsonpath=')) {
    const input = text.slice('jsonpath='.length)
    const close = input.lastIndexOf('}')
    const path = close < 0 ? input.split('=')[0]! : input.slice(0, close + 1)
    const rest = input.slice(path.length)
    if (rest === '=')
      throw new KubectlError(
        "error: jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
      )
    const wanted = rest.startsWith('=') ? rest.slice(1).replace(/^['"]|['"]$/g, '') : undefined
    const expression = relaxed(path)
    return (kube, t) => {
      const object = current(kube, t)
      if (!object) throw new KubectlError(`Error from server (NotFound): ${notFound(t.resource, t.name).message}`)
      const values = findValues(expression, withKind({ resource: t.resource, object }))
      if (values.length === 0) return false
      if (wanted === undefined) return true
      if (values.length > 1) throw new KubectlError('error: given jsonpath expression matches more than one value')
      return goText(values[0]) === wanted
    }
  }
  throw new KubectlError(`error: unrecognized condition: "${text}"`)
}
