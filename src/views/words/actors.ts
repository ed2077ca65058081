import { placeOf, roleOf } from '../../sim/contract.ts'
import { say } from './say.ts'

/** `kubelet`, `API server`: the name on a lane or a box. */
export function actorShort(actor: string): string {
  switch (roleOf(actor)) {
    case 'apiserver':
      return say('actor.apiserver.short')
    case 'controller-manager':
      return say('actor.controller-manager.short')
    case 'external':
      return say('actor.external.short')
    case 'cni':
      return say('actor.cni.short')
    case 'proc':
      return say('actor.proc.short')
    case 'cni-agent':
      return say('actor.cni-agent.short')
    default:
      return roleOf(actor)
  }
}

/** The actor as the subject of a sentence: `the kubelet on worker-1`. */
export function actorPhrase(actor: string): string {
  const node = placeOf(actor)
  switch (roleOf(actor)) {
    case 'apiserver':
      return say('actor.apiserver')
    case 'scheduler':
      return say('actor.scheduler')
    case 'controller-manager':
      return say('actor.controller-manager')
    case 'laptop':
      return say('actor.laptop')
    case 'registry':
      return say('actor.registry')
    case 'external':
      return say('actor.external')
    case 'kubelet':
      return say('actor.kubelet', { node })
    case 'containerd':
      return say('actor.containerd', { node })
    case 'runc':
      return say('actor.runc', { node })
    case 'cni':
      return say('actor.cni', { node })
    case 'kube-proxy':
      return say('actor.kube-proxy', { node })
    case 'kernel':
      return say('actor.kernel', { node })
    case 'proc':
      return say('actor.proc', { node })
    case 'cni-agent':
      return say('actor.cni-agent', { node })
    case 'coredns':
      return say('actor.coredns', { node })
    case 'metallb-controller':
      return say('actor.metallb-controller')
    case 'metallb-speaker':
      return say('actor.metallb-speaker', { node })
    case 'cloud':
      return say('actor.cloud')
    case 'cluster':
      return say('actor.cluster')
    case 'input':
      return say('actor.input')
    case 'wire':
      return say('actor.wire')
    default:
      return actor
  }
}

/** At the head of a sentence. */
export function actorSubject(actor: string): string {
  const phrase = actorPhrase(actor)
  return phrase.charAt(0).toUpperCase() + phrase.slice(1)
}
