import { KubectlError } from './flags.ts'
import { nameWords } from './resource-args.ts'
import type { Verb } from './verb.ts'

/** A node's debug pod is not made: the shell on the node is the same for what it is used for. Pods: exec. */
export const debug: Verb = {
  name: 'debug',
  summary: 'kubectl debug node/NAME: a shell on a node',
  usage: 'node/NAME -it --image=IMAGE',
  flags: {
    image: { takes: 'value' },
    stdin: { short: 'i', takes: 'bool' },
    tty: { short: 't', takes: 'bool' },
    target: { takes: 'value' },
    profile: { takes: 'value' },
    'copy-to': { takes: 'value' },
  },
  complete: (_words, reader) => nameWords({ reader }, 'nodes', '').map((name) => `node/${name}`),
  run(kube) {
    const node = /^nodes?\/(.+)$/.exec(kube.args[0] ?? '')?.[1]
    if (node === undefined)
      throw new KubectlError(
        'not simulated here: ephemeral containers; kubectl exec -it POD -- sh, or ssh to its node and crictl',
      )
    const machine = kube.reader.get('machines', node)
    if (!machine) throw new KubectlError(`Error from server (NotFound): nodes "${node}" not found`)
    if (machine.off || !machine.cable)
      throw new KubectlError(`error: timed out waiting for the condition\n# ${node} cannot be reached`)
    return {
      err: `# no debug pod is made here: this is a shell on ${node} itself\n`,
      exit: 0,
      effect: { kind: 'enter', place: { at: 'node', node }, ...(kube.rest?.length ? { argv: kube.rest } : {}) },
    }
  },
}
