// CPU requests and limits as the numbers that cgroups take.
// Upstream: pkg/kubelet/cm/helpers_linux.go (MilliCPUToQuota, MilliCPUToShares), pkg/kubelet/cm/cgroup_manager_linux.go
// (getCPUWeight, cpuWeightToCPUShares), pkg/kubelet/kuberuntime/util, opencontainers/cgroups utils.go
// (ConvertCPUSharesToCgroupV2Value).

export const minShares = 2
export const maxShares = 262_144
export const sharesPerCpu = 1024
export const milliPerCpu = 1000
export const quotaPeriodMicros = 100_000
export const minQuotaPeriodMicros = 1000

/** 0 means: no quota. */
export function milliCpuToQuota(milliCpu: number, periodMicros: number = quotaPeriodMicros): number {
  if (milliCpu === 0) return 0
  return Math.max(Math.trunc((milliCpu * periodMicros) / milliPerCpu), minQuotaPeriodMicros)
}

export function milliCpuToShares(milliCpu: number): number {
  if (milliCpu === 0) return minShares
  return Math.min(Math.max(Math.trunc((milliCpu * sharesPerCpu) / milliPerCpu), minShares), maxShares)
}

/** Upstream sharesToMilliCPU rounds up, so that 102 shares read as 100m again. */
export function sharesToMilliCpu(shares: number): number {
  return shares >= minShares ? Math.ceil((shares * milliPerCpu) / sharesPerCpu) : 0
}

/** Upstream quotaToMilliCPU: -1 is no limit. */
export function quotaToMilliCpu(quota: number, periodMicros: number): number {
  return quota === -1 ? 0 : Math.trunc((quota * milliPerCpu) / periodMicros)
}

/** The linear conversion that the kubelet uses for the cgroups it writes itself (kubepods, QoS, pod). */
export function cpuSharesToWeightLinear(shares: number): number {
  return Math.trunc(((shares - 2) * 9999) / 262_142) + 1
}

export function cpuWeightToSharesLinear(weight: number): number {
  return 2 + Math.trunc(((weight - 1) * 262_142) / 9999)
}

/**
 * The conversion of runc >= 1.3.2 and crun >= 1.23 for container cgroups, which maps 1024 shares to the default weight
 * 100: ceil(10^((l*l + 125*l)/612 - 7/34)) with l = log2(shares).
 */
export function cpuSharesToWeight(shares: number): number {
  if (shares === 0) return 0
  if (shares <= minShares) return 1
  if (shares >= maxShares) return 10_000
  const l = log2(shares)
  // 10^x = 2^(x * log2(10)); whole results (100 for 1024) must not be lifted by the last bit.
  const weight = exp2(((l * l + 125 * l) / 612 - 7 / 34) * 3.321928094887362)
  const nearest = Math.round(weight)
  return Math.abs(weight - nearest) < 1e-9 * weight ? nearest : Math.ceil(weight)
}

// Math.log2 and Math.pow may differ in the last bit between engines; these use only + - * / and are the same everywhere.

function log2(value: number): number {
  let exponent = 0
  let x = value
  while (x >= 2) {
    x /= 2
    exponent++
  }
  // One bit of the fraction for each squaring.
  let fraction = 0
  for (let bit = 0.5; bit > 1e-16; bit /= 2) {
    x *= x
    if (x >= 2) {
      x /= 2
      fraction += bit
    }
  }
  return exponent + fraction
}

function exp2(value: number): number {
  const whole = Math.floor(value)
  const y = (value - whole) * 0.6931471805599453
  let term = 1
  let sum = 1
  for (let n = 1; n < 30; n++) {
    term *= y / n
    sum += term
  }
  for (let i = 0; i < whole; i++) sum *= 2
  for (let i = 0; i > whole; i--) sum /= 2
  return sum
}
