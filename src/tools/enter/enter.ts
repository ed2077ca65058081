import type { Place, Tool, ToolCall, ToolResult } from '../contract.ts'

const nodeNames = (call: Pick<ToolCall, 'reader'>): string[] =>
  call.reader.all('machines').map((machine) => machine.name)

/** A shell or a command on a node. `bash -c TEXT` and a login shell are the place's own shell. */
function onNode(call: ToolCall, node: string, command: readonly string[]): ToolResult {
  const place: Place = { at: 'node', node }
  const bare = command[0] === 'sudo' ? command.slice(1) : command
  const shell =
    bare.length === 0 ||
    (bare.length === 1 && /^(\/(usr\/)?bin\/)?(ba|)sh$/.test(bare[0]!)) ||
    (bare.length === 2 && /sh$/.test(bare[0]!) && /^-l?i?$/.test(bare[1]!))
  // ssh hands its words to a shell on the other side: quotes and pipes in them work there.
  const argv = shell ? undefined : call.argv[0] === 'docker' ? bare : ['bash', '-c', bare.join(' ')]
  return { exit: 0, effect: { kind: 'enter', place, ...(argv ? { argv } : {}) } }
}

function byAddress(call: ToolCall, host: string): string | undefined {
  const name = host.replace(/^[^@]*@/, '')
  return call.reader.all('machines').find((machine) => machine.name === name || machine.ip === name)?.name
}

function ssh(call: ToolCall): ToolResult {
  const words = call.argv.slice(1)
  while (words[0]?.startsWith('-')) {
    const option = words.shift()!
    if (/^-[pilFoJLRDW]$/.test(option)) words.shift()
  }
  const host = words.shift()
  if (host === undefined) return { err: 'usage: ssh destination [command [argument ...]]\n', exit: 255 }
  const node = byAddress(call, host)
  if (node === undefined)
    return {
      err: `ssh: Could not resolve hostname ${host}: Name or service not known\n# nodes: ${nodeNames(call).join(', ')}\n`,
      exit: 255,
    }
  const machine = call.reader.get('machines', node)!
  const from = call.place.at === 'node' ? call.place.node : undefined
  if (machine.off)
    return {
      err: `ssh: connect to host ${host.replace(/^[^@]*@/, '')} port 22: No route to host\n# ${node} has no power\n`,
      exit: 255,
    }
  if (from !== node && (!machine.cable || (from !== undefined && !call.reader.get('machines', from)?.cable))) {
    return {
      err: `ssh: connect to host ${host.replace(/^[^@]*@/, '')} port 22: No route to host\n# the network cable of ${node} is pulled; docker exec -it ${node} bash opens its console\n`,
      exit: 255,
    }
  }
  return onNode(call, node, words)
}

/** Nodes are containers of the laptop, as kind makes them: `docker exec` is their console, with or without a network. */
function docker(call: ToolCall): ToolResult {
  const [verb, ...rest] = call.argv.slice(1)
  if (verb === 'exec') {
    const words = [...rest]
    while (words[0]?.startsWith('-')) {
      const option = words.shift()!
      if (/^(-e|-u|-w|--env|--user|--workdir)$/.test(option)) words.shift()
    }
    const name = words.shift()
    if (name === undefined || words.length === 0)
      return {
        err: "docker: 'docker exec' requires at least 2 arguments\n\nUsage:  docker exec [OPTIONS] CONTAINER COMMAND [ARG...]\n\nSee 'docker exec --help' for more information\n",
        exit: 1,
      }
    const node = byAddress(call, name.replace(/^(node-lab|kind|nodeglass)-/, '')) ?? byAddress(call, name)
    if (node === undefined)
      return {
        err: `Error response from daemon: No such container: ${name}\n# nodes: ${nodeNames(call).join(', ')}\n`,
        exit: 1,
      }
    if (call.reader.get('machines', node)?.off)
      return { err: `Error response from daemon: Container ${name} is not running\n# ${node} has no power\n`, exit: 1 }
    return onNode(call, node, words)
  }
  if (verb === 'ps') {
    const rows = call.reader
      .all('machines')
      .map(
        (m) =>
          `${m.machineID.slice(0, 12)}   kindest/node:${m.kubeletVersion}   "/usr/local/bin/entr…"   Up   ${m.name}\n`,
      )
    return {
      out: `CONTAINER ID   IMAGE                  COMMAND                  STATUS   NAMES\n${rows.join('')}`,
      exit: 0,
    }
  }
  if (verb === 'build')
    return { err: 'not simulated here: docker build; images come from a simulated registry\n', exit: 1 }
  return { err: `not simulated here: docker ${verb ?? ''}; docker exec -it NODE COMMAND and docker ps work\n`, exit: 1 }
}

/** `nsenter -t PID -n COMMAND`: into the namespaces of the process's container. */
function nsenter(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const words = call.argv.slice(1)
  let pid: number | undefined
  while (words[0]?.startsWith('-')) {
    const option = words.shift()!
    const joined = /^(?:-t|--target=)(\d+)$/.exec(option)
    if (joined) pid = Number(joined[1])
    else if (option === '-t' || option === '--target') pid = Number(words.shift())
    else if (/^--net=/.test(option)) return netns(call, node, option.slice('--net='.length), words)
  }
  if (pid === undefined || Number.isNaN(pid)) return { err: 'nsenter: no target PID specified for --net\n', exit: 1 }
  const process = call.reader.get('processes', `${node}|${pid}`)
  if (!process) return { err: `nsenter: cannot open /proc/${pid}/ns/net: No such file or directory\n`, exit: 1 }
  if (!process.containerId || process.netns === '') return onNode(call, node, words)
  if (words[0] === 'ip')
    return {
      exit: 0,
      effect: { kind: 'enter', place: call.place, argv: ['ip', '-n', process.netns, ...words.slice(1)] },
    }
  const sandbox = call.reader.get('containers', process.containerId)?.sandboxId ?? process.containerId
  return intoSandbox(call, node, sandbox, words)
}

function netns(call: ToolCall, node: string, path: string, words: readonly string[]): ToolResult {
  const name = path.split('/').at(-1)!
  const record = call.reader.get('netns', `${node}|${name}`)
  if (!record) return { err: `nsenter: cannot open ${path}: No such file or directory\n`, exit: 1 }
  if (words[0] === 'ip')
    return { exit: 0, effect: { kind: 'enter', place: call.place, argv: ['ip', '-n', name, ...words.slice(1)] } }
  return intoSandbox(call, node, record.sandboxId, words)
}

function intoSandbox(call: ToolCall, node: string, sandbox: string, words: readonly string[]): ToolResult {
  const container = call.reader.by('containers', 'sandbox', sandbox).find((c) => c.state === 'CONTAINER_RUNNING')
  if (!container)
    return {
      err: `not simulated here: ${words[0] ?? 'a shell'} in a namespace without a running container; ip works\n`,
      exit: 1,
    }
  return {
    exit: 0,
    effect: {
      kind: 'enter',
      place: { at: 'container', node, container: container.id },
      ...(words.length > 0 ? { argv: words } : {}),
    },
  }
}

/** The other spellings of "a shell on that node" that texts use: `minikube ssh -- CMD`, `oc debug node/NAME`, `chroot /host`. */
function minikube(call: ToolCall): ToolResult {
  const words = call.argv
    .slice(1)
    .filter((word, i, all) => word !== '-p' && all[i - 1] !== '-p' && !/^(-p|--profile)=/.test(word))
  if (words[0] !== 'ssh')
    return {
      err: `not simulated here: minikube ${words[0] ?? ''}; the cluster is there already, and minikube ssh opens its control plane\n`,
      exit: 1,
    }
  const node = nodeNames(call)[0]!
  return onNode(
    call,
    node,
    words.slice(1).filter((word) => word !== '--'),
  )
}

function oc(call: ToolCall): ToolResult {
  const node = call.argv[1] === 'debug' ? /^nodes?\/(.+)$/.exec(call.argv[2] ?? '')?.[1] : undefined
  if (node === undefined)
    return { err: 'not simulated here: oc; kubectl has the same verbs, and oc debug node/NAME opens a node\n', exit: 1 }
  if (!nodeNames(call).includes(node)) return { err: `error: nodes "${node}" not found\n`, exit: 1 }
  const command = call.argv.slice(call.argv.indexOf('--') < 0 ? call.argv.length : call.argv.indexOf('--') + 1)
  const entered = onNode(call, node, command[0] === 'chroot' ? command.slice(2) : command)
  return {
    ...entered,
    err: `# no debug pod is made here: this is a shell on ${node} itself, already at its own root\n`,
  }
}

function chroot(call: ToolCall): ToolResult {
  const [root, ...command] = call.argv.slice(1)
  if (root === undefined)
    return { err: "chroot: missing operand\nTry 'chroot --help' for more information.\n", exit: 125 }
  if (root !== '/host' && root !== '/')
    return { err: `chroot: cannot change root directory to '${root}': No such file or directory\n`, exit: 125 }
  if (call.place.at !== 'node') return { exit: 127 }
  return onNode(call, call.place.node, command)
}

/** containerd's own client: what the CRI made, pause containers included. */
function ctr(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const words = call.argv.slice(1)
  let namespace = 'default'
  while (words[0]?.startsWith('-')) {
    const option = words.shift()!
    if (option === '-n' || option === '--namespace') namespace = words.shift() ?? ''
    else if (option === '-a' || option === '--address') words.shift()
  }
  const { reader, place } = call
  const k8s = namespace === 'k8s.io'
  const hint = k8s ? '' : '# Kubernetes containers are in another namespace: ctr -n k8s.io ...\n'
  const object = words[0] ?? ''
  const verb = words[1] ?? 'ls'
  if (verb !== 'ls' && verb !== 'list')
    return {
      err: `not simulated here: ctr ${words.join(' ')}; containers, tasks, images and namespaces can be listed\n`,
      exit: 1,
    }
  if (/^(ns|namespaces?)$/.test(object)) return { out: 'NAME   LABELS \nk8s.io        \n', exit: 0 }
  const pad = (text: string, width: number) => text.padEnd(width)
  if (/^(c|containers?)$/.test(object)) {
    const sandboxes = k8s
      ? reader.by('sandboxes', 'node', place.node).map((s) => [s.id, 'registry.k8s.io/pause', 'io.containerd.runc.v2'])
      : []
    const containers = k8s
      ? reader.by('containers', 'node', place.node).map((c) => [c.id, c.image, 'io.containerd.runc.v2'])
      : []
    const rows = [['CONTAINER', 'IMAGE', 'RUNTIME'], ...sandboxes, ...containers].map(
      ([id, image, runtime]) => `${pad(id!, 68)}${pad(image!, 60)}${runtime}\n`,
    )
    return { out: rows.join(''), err: hint, exit: 0 }
  }
  if (/^(t|tasks?)$/.test(object)) {
    const rows = k8s ? [...reader.by('sandboxes', 'node', place.node).filter((s) => s.state === 'SANDBOX_READY').map((s) => [s.id, String(s.pid)]), ...reader.by('containers', 'node', place.node).filter((c) => c.state === 'CONTAINER_RUNNING').map((c) => [c.id, String(c.pid)])] : [] // prettier-ignore
    return {
      out: `${pad('TASK', 68)}${pad('PID', 9)}STATUS\n${rows.map(([id, pid]) => `${pad(id!, 68)}${pad(pid!, 9)}RUNNING\n`).join('')}`,
      err: hint,
      exit: 0,
    }
  }
  if (/^(i|images?)$/.test(object)) return { out: k8s ? reader.by('images', 'node', place.node).flatMap((i) => i.repoTags).map((tag) => `${tag}\n`).join('') : '', err: hint, exit: 0 } // prettier-ignore
  return { err: `not simulated here: ctr ${words.join(' ')}; try ctr -n k8s.io containers ls\n`, exit: 1 }
}

export const sshTool: Tool = {
  name: 'ssh',
  summary: 'a shell or a command on a node: ssh worker-1',
  places: ['laptop', 'node'],
  run: ssh,
  complete: (_words, call) => nodeNames(call),
}
export const dockerTool: Tool = {
  name: 'docker',
  summary: 'nodes as containers: docker exec -it worker-1 bash',
  places: ['laptop'],
  run: docker,
  complete: (words, call) => (words.length <= 2 ? ['exec', 'ps'] : nodeNames(call)),
}
export const nsenterTool: Tool = {
  name: 'nsenter',
  summary: 'into the namespaces of a process: nsenter -t PID -n ip addr',
  places: ['node'],
  run: nsenter,
}
export const ctrTool: Tool = {
  name: 'ctr',
  summary: "containerd's own client: ctr -n k8s.io containers ls",
  places: ['node'],
  run: ctr,
}
export const minikubeTool: Tool = {
  name: 'minikube',
  summary: 'minikube ssh: a shell on the control plane',
  places: ['laptop'],
  run: minikube,
}
export const ocTool: Tool = {
  name: 'oc',
  summary: 'oc debug node/NAME: a shell on a node',
  places: ['laptop'],
  run: oc,
}
export const chrootTool: Tool = {
  name: 'chroot',
  summary: 'chroot /host: the root of the node',
  places: ['node'],
  run: chroot,
}
