// The machines that a scenario stands on. Numbers that a person could meet on small virtual machines.
import type { MachineRecord } from '../tables.ts'
import { KUBERNETES_VERSION } from '../images/catalogue.ts'

/** All of a machine but the cable, which is in at boot. */
export type MachineSpec = Omit<MachineRecord, 'cable'>

export const CONTROL_PLANE_TAINT = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }

const COMMON = {
  cpus: 4,
  memoryKi: 8_388_608,
  ephemeralKi: 61_200_000,
  kernelVersion: '6.8.0-90-generic',
  osImage: 'Ubuntu 24.04.4 LTS',
  kubeletVersion: KUBERNETES_VERSION,
  containerRuntimeVersion: 'containerd://2.2.1',
  maxPods: 110,
} as const

/** 172.18.0.2 is the control plane, workers follow; pod ranges 10.244.0.0/24, 10.244.1.0/24, ... likewise. */
function machine(index: number, name: string, more: Partial<MachineSpec>): MachineSpec {
  const part = (salt: number, width: number): string => identity(index * 7919 + salt, width)
  return {
    ...COMMON,
    name,
    ip: `172.18.0.${index + 2}`,
    podCIDR: `10.244.${index}.0/24`,
    role: 'worker',
    bootID: `${part(1, 8)}-${part(2, 4)}-4${part(3, 3)}-9${part(4, 3)}-${part(5, 12)}`,
    machineID: part(6, 32),
    systemUUID: `${part(7, 8)}-${part(8, 4)}-4${part(9, 3)}-a${part(10, 3)}-${part(11, 12)}`,
    labels: {
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
    },
    taints: [],
    ...more,
  }
}

/** Hex digits that are the same in every run: a machine keeps its identity. */
function identity(salt: number, width: number): string {
  let out = ''
  for (let x = salt + 0x9e3779b9; out.length < width;) {
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) >>> 0
    x = (x ^ (x >>> 12)) >>> 0
    out += (x & 0xffffff).toString(16).padStart(6, '0')
  }
  return out.slice(0, width)
}

/** A control plane and so many workers. `schedulable`: pods may run on the control plane (a cluster of one). */
export function machines(workers: number, options: { schedulable?: boolean } = {}): MachineSpec[] {
  const control = machine(0, 'control-plane', {
    role: 'control-plane',
    taints: options.schedulable ? [] : [CONTROL_PLANE_TAINT],
  })
  const labels = {
    ...control.labels,
    'node-role.kubernetes.io/control-plane': '',
    'node.kubernetes.io/exclude-from-external-load-balancers': '',
  }
  const all: MachineSpec[] = [{ ...control, labels }]
  for (let i = 1; i <= workers; i++) all.push(machine(i, `worker-${i}`, {}))
  return all
}
