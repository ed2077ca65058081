/**
 * A kernel that has IPVS, where the machine's own has not: user-mode Linux of Debian, unpacked into .cache/uml by
 * bin/kernel/get-uml.sh. It is a process like any other; it sees this machine's files and writes to one folder.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GuestJob, GuestResult } from './guest.ts'

const MODULES =
  'ip_vs ip_vs_rr ip_vs_sh ip_vs_wrr ip_vs_lc dummy veth bridge br_netfilter ip_tables iptable_nat iptable_filter iptable_mangle xt_comment xt_mark xt_statistic xt_conntrack xt_recent xt_addrtype xt_tcpudp xt_nat xt_MASQUERADE ipt_REJECT xt_set xt_physdev xt_multiport ip_set_hash_ip ip_set_hash_ipport ip_set_hash_ipportip ip_set_hash_ipportnet ip_set_bitmap_port nf_conntrack_netlink xt_ipvs'

export interface UmlScripts {
  readonly agent: string
  readonly guest: string
  /** Where get-uml.sh put it. */
  readonly uml: string
}

/** Why IPVS cannot be compared here; undefined: it can. */
export function noUml(folder: string): string | undefined {
  if (process.arch !== 'x64') return `user-mode Linux needs x64, this is ${process.arch}`
  if (!existsSync(join(folder, 'tools/uml/usr/bin/linux.uml')) || !existsSync(join(folder, 'tools/root/sbin/ipvsadm')))
    return 'no user-mode Linux in .cache/uml; on Debian bin/kernel/get-uml.sh fetches it (45 MB)'
  return undefined
}

export async function runGuest(jobs: readonly GuestJob[], scripts: UmlScripts): Promise<GuestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nodeglass-uml-'))
  const tools = join(scripts.uml, 'tools/root')
  try {
    mkdirSync(join(folder, 'home'))
    writeFileSync(join(folder, 'jobs.json'), JSON.stringify(jobs))
    const path = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', `${tools}/sbin`, `${tools}/usr/sbin`].join(':')
    const libraries = `${tools}/lib/x86_64-linux-gnu:${tools}/usr/lib/x86_64-linux-gnu`
    const init = `#!/bin/sh
export PATH=${path} HOME=/tmp
mount -t proc proc /proc || exit 1; mount -t sysfs sys /sys; mount -t tmpfs tmpfs /run; mkdir -p /run/netns; mount -t tmpfs tmpfs /tmp; mkdir -p /run/mnt
mount -t hostfs -o ${folder} none /run/mnt
LD_LIBRARY_PATH=${libraries} ${tools}/sbin/modprobe -d ${scripts.uml}/tools/umlmods -a ${MODULES} > /run/mnt/modprobe.log 2>&1
LD_LIBRARY_PATH=${libraries} ${process.execPath} ${scripts.guest} /run/mnt/jobs.json /run/mnt/results.json ${scripts.agent} > /run/mnt/log 2>&1
${tools}/bin/busybox poweroff -f
`
    writeFileSync(join(folder, 'init'), init, { mode: 0o755 })
    const kernel = join(scripts.uml, 'tools/uml/usr/bin/linux.uml')
    const options = [
      'mem=3072M',
      'rootfstype=hostfs',
      'rootflags=/',
      'ro',
      `init=${join(folder, 'init')}`,
      'con=null',
      'con0=null,fd:1',
      'quiet',
    ]
    const env = { ...process.env, HOME: join(folder, 'home'), TMPDIR: folder }
    const said = await new Promise<string>((resolve) => {
      const child = execFile(
        kernel,
        options,
        { env, timeout: 560_000, killSignal: 'SIGKILL', maxBuffer: 16 << 20 },
        (error, out) => resolve(`${error?.message ?? ''}${out}`),
      )
      child.stdin?.end()
    })
    const results = join(folder, 'results.json')
    if (existsSync(results)) return JSON.parse(readFileSync(results, 'utf8')) as GuestResult[]
    const log = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : ''
    throw new Error(`user-mode Linux gave no result: ${log}${said}`.slice(0, 2_000))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
