/** The cgroup of a container under the systemd driver: a scope in the pod's slice. */
import { scopeName } from '../kubelet/cm/cgroup-names.ts'

/** `/kubepods.slice/.../kubepods-burstable-pod1.slice/cri-containerd-<id>.scope`, under /sys/fs/cgroup. */
export function podScope(cgroupParent: string, id: string): string {
  return `${cgroupParent.replace(/\/+$/, '')}/${scopeName('containerd', id)}`
}
