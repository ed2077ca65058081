/**
 * The `nodeglass` command: the same model as in the browser, in Node.
 * Exit codes: 0 fine, 1 something failed, 2 wrong use.
 */
import { UsageError } from './arguments.ts'

interface Command {
  readonly usage: string
  readonly says: string
  readonly load: () => Promise<{ main: (argv: string[]) => Promise<number> | number }>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  sh: {
    usage: 'sh [--scenario NAME] [--seed N] [--file F]... [SCRIPT | -]',
    says: "run shell lines as the lab's terminal would; --file puts F into the laptop's working directory",
    load: () => import('./sh.ts'),
  },
  play: {
    usage: 'play SCENARIO [--seed N] [--until 120s] [--json]',
    says: 'run a scenario, one line per event',
    load: () => import('./play.ts'),
  },
  rules: {
    usage: 'rules CASE.json [--save] [--mode M]',
    says: 'what kube-proxy programs for a case; --save: the whole node, loadable by iptables-restore',
    load: () => import('./rules.ts'),
  },
  trace: {
    usage: "trace --rules FILE --packet 'tcp A:P > B:P' [--in IFACE] [--node-ip IP]... [--known-flow] [--json]",
    says: 'follow one packet through a dump of rules: every rule tried, the verdict, the final headers',
    load: () => import('./trace.ts'),
  },
  conformance: {
    usage: 'conformance DIR [--json] [--emit OUTDIR]',
    says: "run Kubernetes' own test tables against the model",
    load: () => import('./conformance.ts'),
  },
  lessons: {
    usage: 'lessons [GLOB] [--json]',
    says: 'prove every lesson: checks fail before, pass after, no step is idle',
    load: () => import('./lessons.ts'),
  },
  bench: {
    usage: 'bench [--json]',
    says: 'what the model costs, as ratios to a budget',
    load: () => import('./bench.ts'),
  },
  fuzz: {
    usage: 'fuzz [--runs N] [--seed N]',
    says: 'random manifests and faults; invariants after every event; heal, then converge',
    load: () => import('./fuzz.ts'),
  },
}

function help(): string {
  const width = Math.max(...Object.values(COMMANDS).map((c) => c.usage.length))
  const rows = Object.values(COMMANDS).map((c) =>
    c.usage.length > 60 ? `  ${c.usage}\n      ${c.says}` : `  ${c.usage.padEnd(Math.min(width, 60))}\n      ${c.says}`,
  )
  return `nodeglass: see inside a Kubernetes node\n\nusage: nodeglass COMMAND ...\n\n${rows.join('\n')}\n\nexit status: 0 fine, 1 something failed, 2 wrong use\n`
}

export async function main(argv: string[]): Promise<number> {
  // `nodeglass ... | head`: whoever reads has gone, and that is no mistake.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  const [name, ...rest] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help())
    return name === undefined ? 2 : 0
  }
  const command = COMMANDS[name]
  if (!command) {
    process.stderr.write(`nodeglass: no command "${name}"; there are: ${Object.keys(COMMANDS).join(', ')}\n`)
    return 2
  }
  if (rest.includes('--help') && name !== 'sh') {
    process.stdout.write(`usage: nodeglass ${command.usage}\n${command.says}\n`)
    return 0
  }
  try {
    return await (await command.load()).main(rest)
  } catch (error) {
    process.stderr.write(`nodeglass ${name}: ${(error as Error).message}\n`)
    if (process.env.NODEGLASS_STACK) process.stderr.write(`${(error as Error).stack}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}
