import { civil } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { ModelReader, ProcessRecord } from '../../model/tables.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number) => String(n).padStart(2, '0')

export interface UnitFile {
  readonly description: string
  readonly docs: string
  readonly path: string
  readonly dropIn?: { readonly dir: string; readonly file: string }
  readonly command: string
  readonly text: string
}

const KUBELET_COMMAND =
  '/usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml'

export const KUBELET_UNIT = `[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`

export const KUBELET_DROP_IN = `# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`

const CONTAINERD_UNIT = `[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNOFILE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`

export const UNIT_FILES: Readonly<Record<string, UnitFile>> = {
  kubelet: {
    description: 'kubelet: The Kubernetes Node Agent',
    docs: 'https://kubernetes.io/docs/',
    path: '/usr/lib/systemd/system/kubelet.service',
    dropIn: { dir: '/usr/lib/systemd/system/kubelet.service.d', file: '10-kubeadm.conf' },
    command: KUBELET_COMMAND,
    text: KUBELET_UNIT,
  },
  containerd: {
    description: 'containerd container runtime',
    docs: 'https://containerd.io',
    path: '/usr/lib/systemd/system/containerd.service',
    command: '/usr/bin/containerd',
    text: CONTAINERD_UNIT,
  },
}

export const unitName = (text: string): string => text.replace(/\.service$/, '')

/** `Wed 2026-06-10 22:08:07 UTC`. */
export function systemdTime(at: Micros): string {
  const c = civil(at)
  return `${DAYS[c.weekday]} ${c.year}-${two(c.month)}-${two(c.day)} ${two(c.hour)}:${two(c.minute)}:${two(c.second)} UTC`
}

/** src/basic/time-util.c format_timestamp_relative_full. */
export function relativeTime(micros: Micros): string {
  const s = Math.floor(micros / 1e6)
  const minute = 60
  const hour = 3600
  const day = 86_400
  if (s >= 2 * day) return `${Math.floor(s / day)} days ago`
  if (s >= 25 * hour) return `1 day ${Math.floor((s - day) / hour)}h ago`
  if (s >= 6 * hour) return `${Math.floor(s / hour)}h ago`
  if (s >= hour) return `${Math.floor(s / hour)}h ${Math.floor((s % hour) / minute)}min ago`
  if (s >= 5 * minute) return `${Math.floor(s / minute)}min ago`
  if (s >= minute) return `${Math.floor(s / minute)}min ${s % minute}s ago`
  if (s > 0) return `${s}s ago`
  return micros >= 1000 ? `${Math.floor(micros / 1000)}ms ago` : 'now'
}

/** The short format of journalctl. */
export function journalTime(at: Micros): string {
  const c = civil(at)
  return `${MONTHS[c.month - 1]} ${two(c.day)} ${two(c.hour)}:${two(c.minute)}:${two(c.second)}`
}

/** Processes of a unit's cgroup, its main one first. */
export function unitProcesses(reader: ModelReader, node: string, unit: string, mainPid: number): ProcessRecord[] {
  return reader
    .by('processes', 'node', node)
    .filter((p) => p.cgroup === `/system.slice/${unit}.service` || p.pid === mainPid)
    .sort((a, b) => a.pid - b.pid)
}
