import type { Kernel, Site } from './process.ts'

/**
 * Programs that a learner may know and that are not simulated: one honest line each, and what answers the same
 * question here. An unknown name is answered as the shell of the place answers it.
 */
const NOT_SIMULATED: Readonly<Record<string, string>> = {
  tcpdump: 'conntrack -L, iptables-save -c, or the Packet path view',
  tshark: 'conntrack -L, or the Packet path view',
  strace: 'the Timeline view, which shows every message',
  ltrace: 'the Timeline view',
  perf: 'the Resources view',
  bpftrace: 'the Timeline view',
  netstat: 'ss -ltn, ip route',
  ifconfig: 'ip addr',
  route: 'ip route',
  arp: 'ip neigh',
  traceroute: 'the Packet path view',
  tracepath: 'the Packet path view',
  mtr: 'ping, or the Packet path view',
  telnet: 'nc -vz HOST PORT',
  htop: 'ps -ef',
  top: 'ps -ef',
  vim: 'the YAML tab, or cat > FILE <<EOF',
  vi: 'the YAML tab, or cat > FILE <<EOF',
  nano: 'the YAML tab, or cat > FILE <<EOF',
  emacs: 'the YAML tab, or cat > FILE <<EOF',
  less: 'cat, head and tail',
  more: 'cat, head and tail',
  man: 'help, or COMMAND --help',
  helm: 'kubectl apply -f',
  kustomize: 'kubectl apply -f',
  runc: 'crictl ps, crictl inspect',
  nerdctl: 'crictl',
  podman: 'crictl on a node',
  python: 'jq; python3 -m json.tool works',
  perl: 'awk, sed',
  node: 'awk, jq',
  make: 'a shell script: bash FILE',
  reboot: 'lab fault node-off NODE, or the node switch in the Cluster view',
  shutdown: 'lab fault node-off NODE, or the node switch in the Cluster view',
  poweroff: 'lab fault node-off NODE, or the node switch in the Cluster view',
  dd: 'head -c',
  mount: 'crictl inspect ID shows the mounts of a container',
  umount: 'crictl inspect ID shows the mounts of a container',
  df: 'kubectl describe node NAME shows ephemeral-storage',
  du: 'ls -l',
  free: 'kubectl describe node NAME, cat /proc/meminfo',
  lsof: 'ss -ltnp',
  screen: 'command &',
  tmux: 'command &',
  scp: 'cat FILE > PATH on the node (ssh NODE)',
  tc: 'the link faults in the Cluster view',
  ethtool: 'ip -s link',
  openssl: 'kubectl get secret -o yaml',
  ip6tables: 'iptables -L -n (the lab runs IPv4)',
  'ip6tables-save': 'iptables-save (the lab runs IPv4)',
  lsns: 'ls /proc, crictl inspectp ID',
}

/** The same for programs that nothing here stands for. */
const NOTHING_INSTEAD: Readonly<Record<string, string>> = {
  kubeadm: 'the cluster is there already, as kubeadm makes one',
  kind: 'the cluster is there already; docker exec -it worker-1 opens a node',
  k3d: 'the cluster is there already; docker exec -it worker-1 opens a node',
  etcdctl: 'kubectl get --raw or -o yaml: the store is inside the simulated API server',
  git: 'the files in this directory are all there is',
  apt: 'no packages here: help lists what there is',
  'apt-get': 'no packages here: help lists what there is',
  apk: 'no packages here: help lists what there is',
  yum: 'no packages here: help lists what there is',
  dnf: 'no packages here: help lists what there is',
  pip: 'no packages here: help lists what there is',
  bridge: 'there is no overlay network here, routes lead from node to node (ip route)',
  'systemd-inhibit': 'graceful node shutdown is not modelled, so nothing holds up a power-off',
}

const NO_DOCKER_HERE = 'this node runs containerd; crictl ps lists its containers'

export function notFound(name: string, site: Site, kernel: Kernel): { text: string; exit: number } {
  if (name === 'docker' && site.place.at === 'node') {
    return { text: `${site.shellName}: docker: command not found\n# ${NO_DOCKER_HERE}\n`, exit: 127 }
  }
  const instead = NOT_SIMULATED[name]
  const why = NOTHING_INSTEAD[name]
  if (why) return { text: `not simulated here: ${name}; ${why}\n`, exit: 127 }
  if (instead) return { text: `not simulated here: ${name}; try ${instead}\n`, exit: 127 }
  const elsewhere = kernel
    .programs()
    .find((program) => program.name === name && program.places && !program.places.includes(site.place.at))
  const shell = site.shellName === 'sh' ? `sh: ${name}: not found\n` : `${site.shellName}: ${name}: command not found\n`
  if (!elsewhere) return { text: shell, exit: 127 }
  const places = elsewhere.places!.map((at) =>
    at === 'node' ? 'a node (ssh worker-1)' : at === 'laptop' ? 'the laptop (exit)' : 'a container',
  )
  return { text: `${shell}# ${name} is on ${places.join(' or ')}\n`, exit: 127 }
}

export function isNotSimulated(name: string): boolean {
  return name in NOT_SIMULATED || name in NOTHING_INSTEAD
}
