/** `nodeglass rules CASE.json [--save] [--mode M]`: what kube-proxy programs for a case. */
import { readArguments, UsageError } from './arguments.ts'
import { readCase } from './kube-proxy-case.ts'
import { MODE_CASES } from './kube-proxy-modes.ts'

const USAGE = 'usage: nodeglass rules CASE.json [--save] [--mode M]'

export async function main(argv: string[]): Promise<number> {
  const args = readArguments(argv, { switches: ['save'], values: ['mode'] })
  const [file, ...more] = args.words
  if (file === undefined || more.length > 0) throw new UsageError(`give one case file\n${USAGE}`)
  const subject = readCase(file)
  const asked = args.flags.mode === undefined ? subject.mode : String(args.flags.mode)
  // `nftables-1.35` names the mode and how that version lays its table out
  const mode = MODE_CASES[/^nftables-1\.3[56]$/.test(asked) ? 'nftables' : asked]
  if (!mode)
    throw new UsageError(
      `--mode ${asked}: there is ${Object.keys(MODE_CASES).join(', ')}, nftables-1.35, nftables-1.36`,
    )
  if (subject.steps.length === 0) throw new UsageError(`${file}: the case has no steps`)
  process.stdout.write(mode.print(subject, asked, args.flags.save === true))
  return 0
}
