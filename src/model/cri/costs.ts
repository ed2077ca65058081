/** How long containerd, runc and the plugins work at each step, microseconds: what a small cloud machine takes. */
export const COSTS = {
  /** Answer from containerd's own stores. */
  store: 250,
  /** Lease and metadata of a new sandbox, in bolt. */
  sandboxMetadata: 2_400,
  /** Snapshot of the pause image, and the shim's start. */
  sandboxShim: 38_000,
  /** `runc create`: a process that clones itself, sets up namespaces, mounts and cgroup. */
  runcCreate: 32_000,
  /** `runc start`: opens the exec fifo. */
  runcStart: 9_000,
  runcKill: 6_000,
  runcDelete: 14_000,
  runcExec: 24_000,
  /** Snapshot, OCI spec, metadata. */
  createContainer: 14_000,
  /** The task: FIFOs, the call to the shim. */
  newTask: 7_000,
  removeContainer: 9_000,
  removeSandbox: 6_000,
  /** The four plugin processes of one CNI call. */
  cniPlugin: 11_000,
  /** Token and HEAD of the manifest at a registry on the internet. */
  registryRoundTrip: 95_000,
  /** Bytes a second that one machine takes from the registry, all blobs together. */
  downloadBytesPerSecond: 24_000_000,
  /** Bytes a second of compressed layer that unpacking handles. */
  unpackBytesPerSecond: 70_000_000,
} as const
