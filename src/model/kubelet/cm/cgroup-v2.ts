// Conversions between cgroup v1 numbers (what the CRI carries) and cgroup v2 files.
// Upstream: opencontainers/cgroups utils.go, pkg/kubelet/cm/cgroup_v2_manager_linux.go (getCgroupCPUConfig, ...),
// pkg/kubelet/cm/helpers_linux.go and KEP 2570 for MemoryQoS (alpha, off by default).
import type { PodSpec } from '../../apiserver/objects.ts'
import { quantityValue } from '../../apiserver/quantity.ts'
import { podQos } from '../qos.ts'
import { cpuWeightToSharesLinear } from './cpu-values.ts'
import { podResources } from './pod-resources.ts'

export type Converted = number | { error: string }

/** memory.swap.max counts swap alone, the v1 value memory and swap together. */
export function memorySwapToV2(memorySwap: number, memory: number): Converted {
  if (memorySwap === -1 || memorySwap === 0) return memorySwap
  if (memorySwap < 0) return { error: `invalid memory+swap value: ${memorySwap}` }
  if (memory === 0 || memory === -1) return { error: 'unable to set swap limit without memory limit' }
  if (memory < 0) return { error: `invalid memory value: ${memory}` }
  if (memorySwap < memory) return { error: 'memory+swap limit should be >= memory limit' }
  return memorySwap - memory
}

/** 10..1000 -> 1..10000; 0 stays unset. */
export function blkioToIoWeight(value: number): number {
  return value === 0 ? 0 : Math.trunc(((value - 10) * 9999) / 990) + 1
}

export type CpuReadBack = { cpuQuota: number; cpuPeriod: number; cpuShares?: number }

/** `cpu.max` is "QUOTA PERIOD", QUOTA a number or "max". */
export function readCpuMax(text: string): { cpuQuota: number; cpuPeriod: number } | { error: string } {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== 2) return { error: `expected two values in cpu.max: ${text}` }
  const [quota, period] = parts as [string, string]
  if (quota !== 'max' && !/^-?\d+$/.test(quota)) return { error: `failed to parse cpu.max quota: ${quota}` }
  if (!/^\d+$/.test(period)) return { error: `failed to parse cpu.max period: ${period}` }
  return { cpuQuota: quota === 'max' ? -1 : Number(quota), cpuPeriod: Number(period) }
}

export function readCpuWeight(text: string): number | { error: string } {
  if (!/^\d+$/.test(text.trim())) return { error: `failed to parse cpu.weight: ${text}` }
  return cpuWeightToSharesLinear(Number(text.trim()))
}

export function readMemoryMax(text: string): number | { error: string } {
  const value = text.trim()
  if (value === 'max') return -1
  return /^\d+$/.test(value) ? Number(value) : { error: `failed to parse memory.max: ${text}` }
}

/** k8s.io/utils/cpuset String: "0-2,5". */
export function cpusetText(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b)
  const parts: string[] = []
  for (let i = 0; i < sorted.length;) {
    let j = i
    while (sorted[j + 1] === sorted[j]! + 1) j++
    parts.push(i === j ? String(sorted[i]) : `${sorted[i]}-${sorted[j]}`)
    i = j + 1
  }
  return parts.join(',')
}

export type MemoryReservationPolicy = 'None' | 'TieredReservation'

/** memory.min for Guaranteed, memory.low for Burstable, nothing for BestEffort or without the policy. */
export function memoryReservation(spec: PodSpec, policy: MemoryReservationPolicy): Record<string, string> {
  if (policy !== 'TieredReservation') return {}
  const bytes = quantityValue(podResources(spec, 'requests').memory)
  if (bytes === 0) return {}
  const qos = podQos(spec)
  if (qos === 'Guaranteed') return { 'memory.min': String(bytes) }
  return qos === 'Burstable' ? { 'memory.low': String(bytes) } : {}
}

/** memory.high throttles before memory.max kills. Never for Guaranteed. In whole pages. */
export function memoryHigh(request: number, limit: number, factor: number, pageSize: number): number {
  return Math.floor((request + factor * (limit - request)) / pageSize + 1e-9) * pageSize
}
