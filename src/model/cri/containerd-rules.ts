import type { Rule } from '../../sim/contract.ts'

const server = 'containerd internal/cri/server'

export const CONTAINERD_RULES: readonly Rule[] = [
  {
    id: 'CR1',
    says: 'A sandbox is made in this order: network namespace, CNI ADD, pause image, pause container.',
    source: `${server}/sandbox_run.go RunPodSandbox`,
  },
  {
    id: 'CR2',
    says: 'A sandbox on the host network gets no namespace of its own, and CNI is not called.',
    source: `${server}/sandbox_run.go hostNetwork`,
  },
  {
    id: 'CR3',
    says: 'When CNI ADD fails, the sandbox is undone: CNI DEL, namespace removed, nothing left to list.',
    source: `${server}/sandbox_run.go (deferred teardownPodNetwork)`,
  },
  {
    id: 'CR4',
    says: 'StopPodSandbox kills what still runs in it with SIGKILL, without a grace period.',
    source: `${server}/sandbox_stop.go stopPodSandbox`,
  },
  {
    id: 'CR5',
    says: 'RemovePodSandbox stops a sandbox that still runs before it removes it.',
    source: `${server}/sandbox_remove.go`,
  },
  {
    id: 'CR6',
    says: 'A pull resolves the tag, fetches the manifest, then the layers that the node lacks, three at a time.',
    source: 'containerd internal/cri/server/images/image_pull.go; config max_concurrent_downloads',
  },
  {
    id: 'CR7',
    says: 'What the registry refuses ends the pull with its status in the error.',
    source: 'containerd core/remotes/docker/resolver.go',
  },
  {
    id: 'CR8',
    says: 'A second pull of an image that is being pulled waits for the first.',
    source: 'containerd core/content (ingest lock of a blob)',
  },
  {
    id: 'CR9',
    says: 'The blobs under way on a node share its bandwidth evenly.',
    source: 'lab: one link, fair shares',
  },
  { id: 'CR10', says: 'A registry whose host name has no address cannot be asked.', source: 'Go net.Dialer lookup' },
  {
    id: 'CR11',
    says: 'command replaces the entrypoint of the image and drops its cmd; args replaces only the cmd.',
    source: 'containerd internal/cri/opts/spec_opts.go WithProcessArgs',
  },
  {
    id: 'CR12',
    says: 'A container that could not be started is exited with code 128 and reason StartError.',
    source: `${server}/container_start.go errorStartReason`,
  },
  {
    id: 'CR13',
    says: 'StopContainer sends the stop signal and waits for at most the timeout.',
    source: `${server}/container_stop.go stopContainer`,
  },
  {
    id: 'CR14',
    says: 'With the timeout over, or none given, SIGKILL is sent.',
    source: `${server}/container_stop.go stopContainer`,
  },
  {
    id: 'CR15',
    says: 'The exit code of its first process is the exit code of a container; an OOM kill is its reason.',
    source: `${server}/events.go handleContainerExit; container_status.go`,
  },
  {
    id: 'CR16',
    says: 'A command that outlives the timeout of ExecSync is killed and the call fails.',
    source: `${server}/container_execsync.go execInternal`,
  },
  {
    id: 'CR17',
    says: 'Without its pause process a sandbox is not ready; its containers run on, the kubelet will replace all.',
    source: `${server}/events.go handleSandboxExit`,
  },
  {
    id: 'CR18',
    says: 'After a restart of the machine, what containerd remembers as running is exited with code 255, reason Unknown.',
    source: `${server}/restart.go loadContainer`,
  },
]
