import type { Rule } from '../../sim/contract.ts'

/** Why the API server answers as it does. */
export const API_RULES: readonly Rule[] = [
  {
    id: 'AP1',
    says: 'A write that carries an old resourceVersion, or another uid, is refused: somebody else was faster.',
    source: 'staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go Update',
  },
  {
    id: 'AP2',
    says: 'A watch gets what is there now, then every change that matches its selectors, in the order of the writes.',
    source: 'staging/src/k8s.io/apiserver/pkg/storage/cacher/cacher.go Watch',
  },
  {
    id: 'AP3',
    says: 'A pod on a node is only marked for deletion; it goes when its kubelet says with grace period 0 that its containers are gone.',
    source: 'pkg/registry/core/pod/strategy.go CheckGracefulDelete',
  },
  {
    id: 'AP4',
    says: 'A pod that no node has, or that has finished, goes at once: no kubelet has anything to stop.',
    source: 'pkg/registry/core/pod/strategy.go CheckGracefulDelete',
  },
  {
    id: 'AP5',
    says: 'Admission gives a pod its service account, its token volume, its priority and 300 seconds on a node that fails.',
    source: 'plugin/pkg/admission/{serviceaccount,priority,defaulttolerationseconds}/admission.go',
  },
  {
    id: 'AP6',
    says: 'An object with an invalid value is refused as a whole, with every mistake named.',
    source: 'pkg/apis/core/validation/validation.go',
  },
  {
    id: 'AP7',
    says: 'A new object gets a uid, a resourceVersion and the defaults of its kind before it is stored.',
    source: 'staging/src/k8s.io/apiserver/pkg/registry/rest/create.go BeforeCreate',
  },
  {
    id: 'AP8',
    says: 'A watcher that cannot be reached misses nothing: the last state of each object waits until the way is open again.',
    source: 'staging/src/k8s.io/client-go/tools/cache/reflector.go ListAndWatch',
  },
  {
    id: 'AP9',
    says: 'When an owner goes, the garbage collector deletes what it owned (Background), waits for that first (Foreground) or lets it go free (Orphan).',
    source: 'pkg/controller/garbagecollector/garbagecollector.go attemptToDeleteItem',
  },
  {
    id: 'AP10',
    says: 'Nothing is created in a namespace that does not exist or is being deleted; a namespace goes when it is empty.',
    source: 'staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go Admit',
  },
  {
    id: 'AP11',
    says: 'A Service gets a cluster IP and node ports that no other Service has; what is drawn comes from the upper part of the range.',
    source: 'pkg/registry/core/service/storage/alloc.go allocateCreate',
  },
  {
    id: 'AP12',
    says: 'An Event is kept for one hour.',
    source: 'staging/src/k8s.io/apiserver/pkg/server/options: --event-ttl',
  },
  {
    id: 'AP13',
    says: 'An object with finalizers is only marked for deletion; it goes when the last finalizer is taken away.',
    source:
      'staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go deletionFinalizersForGarbageCollection',
  },
  {
    id: 'AP14',
    says: 'An eviction is refused while it would leave fewer healthy pods than a PodDisruptionBudget wants.',
    source: 'pkg/registry/core/pod/storage/eviction.go checkAndDecrement',
  },
  {
    id: 'AP15',
    says: 'A Binding writes the node into the pod, once.',
    source: 'pkg/registry/core/pod/storage/storage.go BindingREST.setPodHostAndAnnotations',
  },
]
