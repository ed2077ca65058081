// For tests of the kubelet: the real API server, controllers, scheduler and kubelets over a scripted runtime.
import { SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import { Machine } from '../../sim/machine.ts'
import { apiserver } from '../apiserver/apiserver.ts'
import { garbageCollector } from '../apiserver/garbage.ts'
import { initialObjects } from '../apiserver/initial-objects.ts'
import type { KubeObject, Pod } from '../apiserver/objects.ts'
import { controllerManager, START } from '../controllers/controllers.ts'
import { netfilter } from '../linux/netfilter/component.ts'
import { type ApiRequest } from '../messages.ts'
import { scheduler } from '../scheduler/scheduler.ts'
import type { Tables } from '../tables.ts'
import { kubelet } from './kubelet.ts'

import { scriptedRuntime, type RuntimeScript } from './test-runtime.ts'

export class TestNode {
  readonly machine: Machine<Tables>
  readonly script: RuntimeScript = {
    network: true,
    hung: false,
    pulls: {},
    exits: {},
    execs: {},
    stubborn: [],
    calls: [],
  }

  constructor(nodes: readonly string[] = ['worker-1'], seed = 1) {
    this.machine = new Machine<Tables>(
      [apiserver, garbageCollector, controllerManager, scheduler, kubelet, netfilter, scriptedRuntime(this.script)],
      { seed },
    )
    this.input('api.seed', 'apiserver', { objects: initialObjects() })
    for (const name of ['control-plane', ...nodes]) this.input('test.machine', 'cluster', machineRecord(name))
    this.input(START, 'controller-manager', {})
    this.input(START, 'scheduler', {})
    for (const name of nodes) this.input('kubelet.start', `${name}/kubelet`, {})
    this.run(15 * SECOND)
  }

  input(kind: string, to: string, data: unknown): void {
    this.machine.input({ kind, to, data })
  }

  request(request: ApiRequest): void {
    this.input('test.request', 'laptop', request)
  }

  /** A pod that is bound to worker-1 already, or as its spec says. */
  pod(name: string, spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): void {
    const containers = [{ name: 'app', image: 'web:1' }]
    this.request({
      verb: 'create',
      resource: 'pods',
      namespace: 'default',
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...metadata },
        spec: { containers, nodeName: 'worker-1', automountServiceAccountToken: false, ...spec },
      },
    })
  }

  create(body: Record<string, unknown>): void {
    const { kind, metadata } = body as unknown as KubeObject
    this.request({
      verb: 'create',
      resource: `${kind.toLowerCase()}s`,
      namespace: metadata.namespace ?? 'default',
      body,
    })
  }

  delete(name: string, gracePeriodSeconds?: number): void {
    this.request({
      verb: 'delete',
      resource: 'pods',
      namespace: 'default',
      name,
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    })
  }

  run(micros: Micros, each?: () => void): void {
    const until = this.machine.now + micros
    for (let next = this.machine.nextAt(); next !== undefined && next <= until; next = this.machine.nextAt()) {
      this.machine.step()
      each?.()
    }
    this.machine.idleUntil(until)
  }

  /** Runs until the pod is as `wanted`, and says how long that took; fails after `most`. */
  until(wanted: () => boolean, most: Micros = 600 * SECOND): Micros {
    const start = this.machine.now
    while (!wanted()) {
      const next = this.machine.nextAt()
      if (next === undefined || next > start + most) throw new Error(`did not come about within ${most / SECOND} s`)
      this.machine.step()
    }
    return this.machine.now - start
  }

  get(name: string): Pod | undefined {
    return this.machine.reader.get('pods', `default/${name}`)
  }

  /** `reason: message`, oldest first, of a pod's events. */
  events(name: string): string[] {
    return this.machine.reader
      .all('events')
      .filter((e) => e.involvedObject.name === name && e.source?.component === 'kubelet')
      .map((e) => `${e.reason}: ${e.message}`)
  }

  log(node = 'worker-1'): string[] {
    return this.machine.reader.by('journal', 'unit', `${node}|kubelet`).map((l) => l.text)
  }
}

function machineRecord(name: string): object {
  return {
    name,
    ip: name === 'control-plane' ? '172.18.0.2' : `172.18.0.${2 + Number(name.replace(/\D/g, ''))}`,
    podCIDR: '',
    role: name === 'control-plane' ? 'control-plane' : 'worker',
    cpus: 4,
    memoryKi: 8_388_608,
    ephemeralKi: 100_000_000,
    kernelVersion: '6.12',
    osImage: 'Debian',
    kubeletVersion: 'v1.36.0',
    containerRuntimeVersion: 'containerd://2.2.0',
    bootID: 'b',
    machineID: 'm',
    systemUUID: 'u',
    labels: {},
    taints: [],
    maxPods: 110,
    cable: true,
  }
}
