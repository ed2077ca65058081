import { changeObject, finish } from './change.ts'
import { FILE_FLAGS } from './apply.ts'
import { KubectlError } from './flags.ts'
import { completeResource, find, readResourceArgs, slashName } from './resource-args.ts'
import type { Verb } from './verb.ts'

export const scale: Verb = {
  name: 'scale',
  summary: 'set the number of replicas',
  usage: '[--current-replicas=count] --replicas=COUNT (TYPE NAME | TYPE/NAME)',
  flags: {
    ...FILE_FLAGS,
    replicas: { takes: 'value' },
    'current-replicas': { takes: 'value' },
    all: { takes: 'bool' },
    selector: { short: 'l', takes: 'value' },
    timeout: { takes: 'value' },
    'resource-version': { takes: 'value' },
  },
  complete: completeResource,
  run(kube) {
    const { flags } = kube
    if (!flags.has('replicas')) throw new KubectlError('error: required flag(s) "replicas" not set')
    const replicas = Number(flags.get('replicas'))
    if (!Number.isInteger(replicas))
      throw new KubectlError(
        `error: invalid argument "${flags.get('replicas')}" for "--replicas" flag: strconv.ParseInt: parsing "${flags.get('replicas')}": invalid syntax`,
      )
    if (replicas < 0)
      throw new KubectlError(
        'error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0',
      )
    const { found, errors } = find(
      kube,
      readResourceArgs(kube.args, { allowAll: flags.bool('all') || flags.has('selector'), path: 'kubectl scale' }),
    )
    const current = flags.get('current-replicas')
    return finish([
      ...errors.map((err) => ({ err })),
      ...found.map(({ resource, object }) => {
        const now = (object.spec as { replicas?: number } | undefined)?.replicas ?? 1
        if (current !== undefined && Number(current) !== now)
          return { err: `error: Expected replicas to be ${current}, was ${now}\n` }
        const result = changeObject(kube, resource, object, {
          patchType: 'merge',
          subresource: 'scale',
          body: { spec: { replicas } },
        })
        if (result.err)
          return {
            err: result.err.includes('NotFound')
              ? `Error from server (NotFound): the server could not find the requested resource\n`
              : result.err,
          }
        return {
          out: `${slashName(resource, object.metadata.name)} scaled\n`,
          ...(result.request ? { request: result.request } : {}),
        }
      }),
    ])
  },
}
