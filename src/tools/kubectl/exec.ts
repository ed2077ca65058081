import type { ToolResult } from '../contract.ts'
import { imageHas } from '../container-tools.ts'
import { KubectlError } from './flags.ts'
import { allContainerNames, attemptsOf, chooseContainer, choosePod, kubeletTrouble } from './pod-choice.ts'
import { nameWords } from './resource-args.ts'
import type { Verb } from './verb.ts'

const SHELLS = /^(\/(usr\/)?bin\/)?(ba|a|da|)sh$/

export const exec: Verb = {
  name: 'exec',
  summary: 'run a command in a container',
  usage: '(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]',
  flags: {
    container: { short: 'c', takes: 'value' },
    stdin: { short: 'i', takes: 'bool' },
    tty: { short: 't', takes: 'bool' },
    quiet: { short: 'q', takes: 'bool' },
    filename: { short: 'f', takes: 'list' },
    'pod-running-timeout': { takes: 'value' },
  },
  complete: (_words, reader, namespace) => nameWords({ reader }, 'pods', namespace),
  run(kube) {
    if (kube.call.state) return finished(kube.call.state as string, kube.call.ran ?? 0, kube.rest ?? [])
    const { args, rest } = kube
    if (args.length === 0) throw new KubectlError('error: pod, type/name or --filename must be specified')
    if (rest === undefined && args.length > 1)
      throw new KubectlError(
        "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples",
      )
    if (rest === undefined || rest.length === 0)
      throw new KubectlError('error: you must specify at least one command for the container')
    const { pod, said } = choosePod(kube, args[0]!)
    const { phase } = pod.status ?? {}
    if (phase === 'Succeeded' || phase === 'Failed')
      throw new KubectlError(`error: cannot exec into a container in a completed pod; current phase is ${phase}`)
    const chosen = chooseContainer(pod, kube.flags.get('container'))
    if (!chosen)
      throw new KubectlError(
        `error: container ${kube.flags.get('container')} is not valid for pod ${pod.metadata.name} out of: ${allContainerNames(pod)}`,
      )
    const node = pod.spec.nodeName
    if (!node)
      throw new KubectlError(`Error from server (BadRequest): pod ${pod.metadata.name} does not have a host assigned`)
    const trouble = kubeletTrouble(kube, node)
    if (trouble) throw new KubectlError(`Error from server: error dialing backend: ${trouble.text}`)
    const container = attemptsOf(kube, pod, chosen.name).findLast((c) => c.state === 'CONTAINER_RUNNING')
    if (!container)
      throw new KubectlError(
        `error: Internal error occurred: unable to upgrade connection: container not found ("${chosen.name}")`,
      )
    const shell = rest.length === 1 && SHELLS.test(rest[0]!)
    // Without -i nothing is connected to its input: a shell ends at once.
    if (shell && !kube.flags.bool('stdin') && imageHas(kube.reader, container.id, rest[0]!.split('/').at(-1)!))
      return { err: said + chosen.said, exit: 0 }
    return {
      err: said + chosen.said,
      state: container.id,
      effect: {
        kind: 'enter',
        place: { at: 'container', node, container: container.id },
        ...(shell ? {} : { argv: rest }),
      },
    }
  },
}

function finished(container: string, ran: number, command: readonly string[]): ToolResult {
  if (ran === NOT_FOUND)
    return {
      err: `error: Internal error occurred: Internal error occurred: error executing command in container: ${notFoundText(container, command[0] ?? '')}\n`,
      exit: 1,
    }
  return ran === 0 ? { exit: 0 } : { err: `command terminated with exit code ${ran}\n`, exit: ran }
}

/** `call.ran` when the place has no such program: nothing was run. */
export const NOT_FOUND = -1

/** runc's words for a program that the image does not have. */
export function notFoundText(container: string, program: string): string {
  const id = container.split('').reverse().join('')
  return `failed to exec in container: failed to start exec "${id}": OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": executable file not found in $PATH`
}
