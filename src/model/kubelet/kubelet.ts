// The kubelet as a component of the model.
import { sendThrottled, THROTTLED } from '../controllers/client.ts'
import type { ModelComponent } from '../tables.ts'
import { onApiResponse, onCriResponse, onDialed } from './answers.ts'
import { onUnmounted } from './cleanup-pod.ts'
import { onFileCheck, onManifest, onWatchEvent } from './config-sources.ts'
import { onGarbage } from './container-gc.ts'
import { onHookTimer } from './hooks.ts'
import { onTurn } from './kill-pod.ts'
import { IPTABLES_TICK, onIptablesTick, onRestored } from './iptables-chains.ts'
import { onLeaseTick } from './lease-controller.ts'
import { onNodeTick, onRegister } from './node-status.ts'
import { onRelist, RELIST } from './pleg.ts'
import { dueKey } from './pod-workers.ts'
import { onRestart, onStart, onStop } from './process.ts'
import { DIALED } from './prober/dial.ts'
import { onProbeTick } from './prober/prober.ts'
import { kubeletRules } from './rules.ts'
import { onRuntimeTick } from './runtime-state.ts'
import { LOOP, onHousekeepingTick, onLoop, onSyncTick } from './sync-loop.ts'
import { onVolumes } from './volumes.ts'
import { joined } from '../../sim/joined.ts'

type Owned = { node: string; uid: string }
const node = (r: { node: string }): string => r.node
const pod = (r: Owned): string => joined(r.node, r.uid)

export const kubelet: ModelComponent = {
  roles: ['kubelet'],
  rules: kubeletRules,
  tables: {
    kubelets: { owner: 'kubelet' },
    podWorkers: {
      owner: 'kubelet',
      indexes: {
        node,
        waiting: (r) => (r.job?.step === 'waitCache' ? r.node : undefined),
        attended: (r) => (r.busy || r.finished ? r.node : undefined),
        due: (r) => (r.nextDue === undefined ? undefined : dueKey(r.node, r.nextDue)),
      },
    },
    probes: { owner: 'kubelet', indexes: { node, pod } },
    backoffs: { owner: 'kubelet', indexes: { node, pod } },
    kubeletPods: {
      owner: 'kubelet',
      indexes: { node, mirror: (r) => (r.mirrorOf === undefined ? undefined : r.node) },
    },
    podCache: { owner: 'kubelet', indexes: { node, reinspect: (r) => (r.reinspect ? r.node : undefined) } },
    podStatuses: {
      owner: 'kubelet',
      indexes: { node, unsent: (r) => (r.version > r.sentVersion ? r.node : undefined) },
    },
    relists: { owner: 'kubelet' },
    kubeletChannels: { owner: 'kubelet', indexes: { node } },
    kubeletObjects: { owner: 'kubelet', indexes: { node } },
    staticManifests: { owner: 'kubelet', indexes: { node } },
  },
  handlers: {
    'boot.start': onStart,
    'kubelet.start': onStart,
    'kubelet.stop': onStop,
    'kubelet.restart': onRestart,
    'kubelet.manifest': onManifest,
    'api.watch': onWatchEvent,
    'api.response': onApiResponse,
    'cri.response': onCriResponse,
    [THROTTLED]: sendThrottled,
    [LOOP]: onLoop,
    [RELIST]: onRelist,
    'timer.kubelet.sync-tick': onSyncTick,
    'timer.kubelet.housekeeping': onHousekeepingTick,
    'timer.kubelet.runtime': onRuntimeTick,
    'timer.kubelet.register': onRegister,
    'timer.kubelet.node-status': onNodeTick,
    'timer.kubelet.lease': onLeaseTick,
    'timer.kubelet.files': onFileCheck,
    'timer.kubelet.gc': onGarbage,
    'timer.kubelet.volumes': onVolumes,
    'timer.kubelet.unmounted': onUnmounted,
    'timer.kubelet.probe': onProbeTick,
    [DIALED]: onDialed,
    [IPTABLES_TICK]: onIptablesTick,
    'kernel.iptables-restored': onRestored,
    'timer.kubelet.hook': onHookTimer,
    'timer.kubelet.turn': onTurn,
  },
}
