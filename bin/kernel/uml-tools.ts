/**
 * User-mode Linux with IPVS, and ipvsadm and ipset for it: Debian packages, downloaded and unpacked under .cache/uml and
 * never installed. What ../shared/kernel-oracle has, plus what its Debian lacks.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILES = ['oracle.py', 'setup-tools.sh', 'uml-oracle.sh', 'umlmods.txt'] as const
const PACKAGES = ['ipvsadm', 'libpopt0', 'libnl-3-200', 'libnl-genl-3-200'] as const
const MODULES = ['ip_vs_dh', 'ip_vs_sed', 'ip_vs_nq', 'ip_vs_mh', 'ip_vs_wlc', 'xt_physdev'] as const

/** Folder with a uml-oracle.sh that works, or why there is none. */
export function umlTools(root: string): string | { readonly missing: string } {
  const source = join(root, '..', 'shared', 'kernel-oracle')
  const folder = join(root, '.cache', 'uml')
  if (existsSync(join(folder, 'ready'))) return folder
  if (!existsSync(source)) return { missing: `there is no ${source}` }
  try {
    mkdirSync(folder, { recursive: true })
    for (const file of FILES) cpSync(join(source, file), join(folder, file))
    const run = (command: string): void =>
      void execFileSync('bash', ['-c', command], { cwd: folder, stdio: 'pipe', timeout: 120_000 })
    run('bash setup-tools.sh')
    run(`apt-get download ${PACKAGES.join(' ')}`)
    for (const file of readdirSync(folder)) if (file.endsWith('.deb')) run(`dpkg-deb -x '${file}' tools/root`)
    appendFileSync(join(folder, 'umlmods.txt'), `${MODULES.join('\n')}\n`)
    const script = join(folder, 'uml-oracle.sh')
    const text = readFileSync(script, 'utf8')
    writeFileSync(script, text.replace('PATH=/usr/sbin', 'PATH=$H/tools/root/sbin:$H/tools/root/usr/sbin:/usr/sbin'))
    writeFileSync(join(folder, 'ready'), '')
    return folder
  } catch (error) {
    return { missing: `user-mode Linux cannot be fetched here: ${String((error as Error).message).split('\n')[0]}` }
  }
}
