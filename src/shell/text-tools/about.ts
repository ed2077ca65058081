import type { Program } from '../process.ts'

/** Small programs that tell where one is. */
export const clear: Program = {
  name: 'clear',
  summary: 'clear the screen',
  run({ kernel, io }) {
    if (io.stdout.tty) io.stdout.write('\x1b[H\x1b[2J\x1b[3J')
    kernel.effect({ kind: 'clear' })
    return 0
  },
}

export const hostname: Program = {
  name: 'hostname',
  summary: 'the name of this machine',
  run({ site, kernel, argv, io }) {
    const { place } = site
    if (place.at === 'laptop') io.stdout.write('laptop\n')
    else if (place.at === 'node')
      io.stdout.write(
        argv.includes('-I') || argv.includes('-i')
          ? `${kernel.host.reader().get('machines', place.node)?.ip ?? '127.0.0.1'} \n`
          : `${place.node}\n`,
      )
    else {
      const reader = kernel.host.reader()
      const sandbox = reader.get('sandboxes', reader.get('containers', place.container)?.sandboxId ?? '')
      io.stdout.write(
        argv.includes('-i') || argv.includes('-I') ? `${sandbox?.ip ?? ''}\n` : `${sandbox?.hostname ?? 'localhost'}\n`,
      )
    }
    return 0
  },
}

export const whoami: Program = {
  name: 'whoami',
  summary: 'who runs this shell',
  run({ site, io }) {
    io.stdout.write(site.place.at === 'laptop' ? 'learner\n' : 'root\n')
    return 0
  },
}

export const id: Program = {
  name: 'id',
  summary: 'user and groups',
  run({ site, io }) {
    io.stdout.write(
      site.place.at === 'laptop'
        ? 'uid=1000(learner) gid=1000(learner) groups=1000(learner)\n'
        : 'uid=0(root) gid=0(root) groups=0(root)\n',
    )
    return 0
  },
}

export const uname: Program = {
  name: 'uname',
  summary: 'kernel name and release',
  run({ site, kernel, argv, io }) {
    const node = site.place.at === 'laptop' ? undefined : site.place.node
    const machine =
      node === undefined ? kernel.host.reader().all('machines')[0] : kernel.host.reader().get('machines', node)
    const release = machine?.kernelVersion ?? '6.8.0'
    const flags = argv.slice(1).join('')
    const name = site.place.at === 'laptop' ? 'laptop' : (node ?? 'laptop')
    if (flags.includes('a')) io.stdout.write(`Linux ${name} ${release} #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux\n`)
    else if (flags.includes('r')) io.stdout.write(`${release}\n`)
    else if (flags.includes('m')) io.stdout.write('x86_64\n')
    else if (flags.includes('n')) io.stdout.write(`${name}\n`)
    else io.stdout.write('Linux\n')
    return 0
  },
}

export const env: Program = {
  name: 'env',
  summary: 'the environment',
  run(process) {
    const rest = process.argv.slice(1)
    const extra: Record<string, string> = {}
    for (;;) {
      const match = /^(\w+)=([\s\S]*)$/.exec(rest[0] ?? '')
      if (!match) break
      extra[match[1]!] = match[2]!
      rest.shift()
    }
    if (rest.length === 0) {
      for (const [name, value] of Object.entries({ ...process.env, ...extra }))
        process.io.stdout.write(`${name}=${value}\n`)
      return 0
    }
    const shell = { ...process.shell, vars: new Map(process.shell.vars) }
    for (const [name, value] of Object.entries(extra)) shell.vars.set(name, { value, exported: true })
    return process.kernel.run.invoke(rest, { ...process.context, io: process.io, shell })
  },
}

export const printenv: Program = {
  name: 'printenv',
  summary: 'print environment variables',
  run(process) {
    const names = process.argv.slice(1)
    if (names.length === 0) return env.run({ ...process, argv: ['env'] })
    let exit = 0
    for (const name of names) {
      const value = process.env[name]
      if (value === undefined) exit = 1
      else process.io.stdout.write(`${value}\n`)
    }
    return exit
  },
}

export const help: Program = {
  name: 'help',
  summary: 'what can be typed here',
  run({ kernel, site, io }) {
    const here = kernel
      .programs()
      .filter((program) => !program.places || program.places.includes(site.place.at))
      .map((program) => ({ name: program.name, summary: program.summary }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const width = Math.max(...here.map((program) => program.name.length))
    const where =
      site.place.at === 'laptop'
        ? 'on the laptop'
        : site.place.at === 'node'
          ? `on node ${site.place.node}`
          : 'in this container'
    io.stdout.write(`Programs ${where} (pipes, redirects, loops, $(...), & and Ctrl-C work as in bash):\n\n`)
    for (const program of here) io.stdout.write(`  ${program.name.padEnd(width)}  ${program.summary}\n`)
    return 0
  },
}
