import type { Tool } from '../contract.ts'
import { civil } from '../../sim/clock.ts'
import { readWords } from '../words.ts'

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const DAYS = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ')
const two = (n: number): string => String(n).padStart(2, '0')

/** `Wed Jun 10 22:00:05 2026` */
function ctime(at: number): string {
  const t = civil(at)
  // Sakamoto's rule for the day of the week
  const year = t.month < 3 ? t.year - 1 : t.year
  const leap = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400)
  const day = (year + leap + [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][t.month - 1]! + t.day) % 7
  return `${DAYS[day]} ${MONTHS[t.month - 1]} ${String(t.day).padStart(2)} ${two(t.hour)}:${two(t.minute)}:${two(t.second)} ${t.year}`
}

/** util-linux dmesg.c: the kernel's own messages, with seconds since it booted. */
export const dmesg: Tool = {
  name: 'dmesg',
  summary: 'messages of the kernel: dmesg, dmesg -T',
  places: ['node'],
  run(call) {
    if (call.place.at !== 'node') return { exit: 127 }
    const words = readWords(call.argv.slice(1), { flags: ['T', 'H', 'x', 'k'], values: [], alias: { ctime: 'T' } })
    const { node } = call.place
    const lines = [...call.reader.by('journal', 'unit', `${node}|kernel`)].sort((a, b) => a.seq - b.seq)
    const stamp = (at: number): string =>
      `${String(Math.floor(at / 1e6)).padStart(5)}.${String(at % 1e6).padStart(6, '0')}`
    return {
      out: lines.map((line) => `[${words.flags.has('T') ? ctime(line.at) : stamp(line.at)}] ${line.text}\n`).join(''),
      exit: 0,
    }
  },
}
