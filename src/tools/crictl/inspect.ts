import { rfc3339Nano } from '../../sim/clock.ts'
import type { ContainerRecord, ImageRecord, ModelReader, SandboxRecord } from '../../model/tables.ts'
import { containerCgroupPath } from '../../model/linux/cgroup.ts'
import { jsonText } from '../json-text.ts'

/** Go's time.Unix(0, 0): a moment that has not come. */
const NEVER = '1970-01-01T00:00:00Z'
const when = (at: number | undefined): string => (at === undefined ? NEVER : rfc3339Nano(at))

/** cri-tools outputStatusData: status and info as JSON with sorted keys. */
export function printStatus(list: readonly object[]): string {
  return `${jsonText(list.length === 1 ? list[0] : list, 2)}\n`
}

/** `crictl inspect`: ContainerStatusResponse with its verbose info. 64-bit numbers are strings, as protojson writes them. */
export function inspectContainer(reader: ModelReader, c: ContainerRecord): object {
  const process = reader.get('processes', `${c.node}|${c.pid}`)
  const sandbox = reader.get('sandboxes', c.sandboxId)
  const r = c.resources
  const linux = {
    cpuPeriod: String(r.cpuPeriod), cpuQuota: String(r.cpuQuota), cpuShares: String(r.cpuShares),
    cpusetCpus: '', cpusetMems: '', hugepageLimits: [], memoryLimitInBytes: String(r.memoryLimitInBytes),
    memorySwapLimitInBytes: String(r.memoryLimitInBytes), oomScoreAdj: String(r.oomScoreAdj), unified: {},
  } // prettier-ignore
  return {
    status: {
      id: c.id,
      metadata: { attempt: c.metadata.attempt, name: c.metadata.name },
      state: c.state,
      createdAt: when(c.createdAt),
      startedAt: when(c.startedAt),
      finishedAt: when(c.finishedAt),
      exitCode: c.exitCode ?? 0,
      image: { annotations: {}, image: c.image, runtimeHandler: '', userSpecifiedImage: c.image },
      imageId: c.imageId,
      imageRef: c.imageRef,
      reason: c.reason ?? '',
      message: c.message ?? '',
      labels: c.labels,
      annotations: c.annotations,
      mounts: c.mounts.map((m) => ({
        containerPath: m.containerPath,
        hostPath: m.hostPath,
        propagation: 'PROPAGATION_PRIVATE',
        readonly: m.readonly,
        selinuxRelabel: false,
      })),
      logPath: c.logPath,
      resources: { linux, windows: null },
    },
    info: {
      sandboxID: c.sandboxId,
      pid: c.state === 'CONTAINER_RUNNING' ? c.pid : 0,
      removing: false,
      snapshotKey: c.id,
      snapshotter: 'overlayfs',
      runtimeType: 'io.containerd.runc.v2',
      runtimeOptions: { SystemdCgroup: true },
      config: {
        metadata: c.metadata,
        image: { image: c.imageId },
        command: c.command,
        args: c.args,
        working_dir: c.workingDir,
        envs: c.envs,
        log_path: c.logPath,
      },
      runtimeSpec: {
        process: { args: c.argv, cwd: c.workingDir || '/', env: c.envs.map((e) => `${e.key}=${e.value}`) },
        linux: {
          cgroupsPath: process?.cgroup ?? containerCgroupPath(reader, c),
          namespaces: [
            { type: 'pid' },
            { type: 'ipc', path: `/proc/${sandbox?.pid ?? 0}/ns/ipc` },
            { type: 'uts', path: `/proc/${sandbox?.pid ?? 0}/ns/uts` },
            { type: 'mount' },
            ...(sandbox?.hostNetwork ? [] : [{ type: 'network', path: `/proc/${sandbox?.pid ?? 0}/ns/net` }]),
            { type: 'cgroup' },
          ],
        },
      },
    },
  }
}

export function inspectSandbox(reader: ModelReader, s: SandboxRecord): object {
  const node = s.hostNetwork ? 'NODE' : 'POD'
  return {
    status: {
      id: s.id,
      metadata: s.metadata,
      state: s.state,
      createdAt: when(s.createdAt),
      network: { additionalIps: [], ip: s.ip },
      linux: {
        namespaces: { options: { ipc: node, network: node, pid: 'CONTAINER', targetId: '', usernsOptions: null } },
      },
      labels: s.labels,
      annotations: s.annotations,
      runtimeHandler: s.runtimeHandler,
    },
    info: {
      pid: s.state === 'SANDBOX_READY' ? s.pid : 0,
      processStatus: s.state === 'SANDBOX_READY' ? 'running' : 'deleted',
      netNamespaceClosed: s.state !== 'SANDBOX_READY',
      image: pauseImage(reader, s.node),
      runtimeHandler: s.runtimeHandler,
      runtimeType: 'io.containerd.runc.v2',
      runtimeOptions: { SystemdCgroup: true },
      config: {
        metadata: s.metadata,
        hostname: s.hostname,
        log_directory: s.logDirectory,
        linux: { cgroup_parent: s.cgroupParent },
      },
      runtimeSpec: {
        linux: {
          namespaces: s.hostNetwork
            ? [{ type: 'pid' }]
            : [
                { type: 'network', path: `/var/run/netns/${s.netns}` },
                { type: 'pid' },
                { type: 'ipc' },
                { type: 'uts' },
                { type: 'mount' },
              ],
        },
      },
      ...(s.hostNetwork
        ? {}
        : { cniResult: { Interfaces: { eth0: { IPConfigs: [{ IP: s.ip }], Sandbox: `/var/run/netns/${s.netns}` } } } }),
    },
  }
}

function pauseImage(reader: ModelReader, node: string): string {
  return reader.by('images', 'node', node).flatMap((i) => i.repoTags).find((tag) => tag.includes('/pause:')) ?? 'registry.k8s.io/pause:3.10.1' // prettier-ignore
}

export function inspectImage(i: ImageRecord): object {
  return {
    status: {
      id: i.id,
      repoTags: i.repoTags,
      repoDigests: i.repoDigests,
      size: String(i.size),
      pinned: i.pinned,
      spec: null,
      uid: null,
      username: '',
    },
    info: {
      chainID: i.layers.at(-1)?.digest ?? '',
      imageSpec: {
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: i.layers.map((l) => l.digest) },
      },
    },
  }
}

/** `crictl info`: the runtime's own conditions, and how its network configuration was read. */
export function runtimeInfo(reader: ModelReader, node: string): object {
  const kubelet = reader.get('kubelets', node)
  const error = kubelet?.networkError ?? ''
  const message = error === '' ? '' : 'Network plugin returns error: cni plugin not initialized'
  const condition = (type: string, status: boolean, reason = '', text = '') => ({ message: text, reason, status, type })
  return {
    cniconfig: { PluginConfDir: '/etc/cni/net.d', PluginDirs: ['/opt/cni/bin'], PluginMaxConfNum: 1, Prefix: 'eth' },
    config: {
      containerdEndpoint: '/run/containerd/containerd.sock',
      containerdRootDir: '/var/lib/containerd',
      stateDir: '/run/containerd/io.containerd.grpc.v1.cri',
    },
    golang: 'go1.25',
    lastCNILoadStatus:
      error === ''
        ? 'OK'
        : 'cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized: failed to load cni config',
    'lastCNILoadStatus.default':
      error === ''
        ? 'OK'
        : 'cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized: failed to load cni config',
    status: {
      conditions: [
        condition('RuntimeReady', true),
        error === ''
          ? condition('NetworkReady', true)
          : condition('NetworkReady', false, 'NetworkPluginNotReady', message),
        condition('ContainerdHasNoDeprecationWarnings', true),
      ],
    },
  }
}
