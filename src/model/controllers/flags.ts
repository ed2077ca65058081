// Flags of the control plane's programs, as the static pod that runs them says now: a learner edits the manifest on the
// control plane, the kubelet replaces the pod, and its mirror carries the new command line.
import type { Micros } from '../../sim/contract.ts'
import { parseGoDuration } from '../kubelet/durations.ts'
import type { ModelReader } from '../tables.ts'

/** Value of `--name=value` of a program of kube-system; undefined where it is not given. */
export function flagOf(reader: ModelReader, program: string, name: string): string | undefined {
  const pod = reader.get('pods', `kube-system/${program}-control-plane`)
  const prefix = `--${name}=`
  return pod?.spec.containers[0]?.command?.find((word) => word.startsWith(prefix))?.slice(prefix.length)
}

/** As `flagOf`, for a flag that is a duration (`1m30s`); undefined also where the text is none. */
export function durationFlag(reader: ModelReader, program: string, name: string): Micros | undefined {
  const text = flagOf(reader, program, name)
  if (text === undefined || !/^(\d+(\.\d+)?(h|ms|us|m|s))+$/.test(text)) return undefined
  return parseGoDuration(text)
}
