/** `nodeglass rules CASE.json [--save] [--mode M]`: what kube-proxy programs for a case. */
import { readArguments, UsageError } from './arguments.ts'
import { readCase, runCase } from './kube-proxy-case.ts'
import { printSave } from '../model/linux/netfilter/print-save.ts'

const USAGE = 'usage: nodeglass rules CASE.json [--save] [--mode M]'

export async function main(argv: string[]): Promise<number> {
  const args = readArguments(argv, { switches: ['save'], values: ['mode'] })
  const [file, ...more] = args.words
  if (file === undefined || more.length > 0) throw new UsageError(`give one case file\n${USAGE}`)
  const subject = readCase(file)
  const mode = args.flags.mode === undefined ? subject.mode : String(args.flags.mode)
  if (mode !== 'iptables')
    throw new UsageError(
      ['nftables', 'ipvs', 'nftables-1.35', 'nftables-1.36'].includes(mode)
        ? `${file}: mode ${mode} is not modelled yet; --mode iptables shows what iptables mode would write`
        : `--mode ${mode}: there is iptables`,
    )
  const runs = runCase(subject)
  const last = runs[runs.length - 1]
  if (!last) throw new UsageError(`${file}: the case has no steps`)
  if (args.flags.save) process.stdout.write(printSave(last.rules))
  else for (const run of runs) process.stdout.write(`${subject.stepped ? `# ${run.step.name}\n` : ''}${run.text}`)
  return 0
}
