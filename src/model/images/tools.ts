/** Which command-line tools the images bring; what each does is in `shell/commands.ts`. */
import type { Tools } from './catalogue.ts'

const COMMON = `[ [[ arch awk basename cat chmod chown cp cut date dd df dirname du echo env expr false find grep head
hostname id kill ln ls md5sum mkdir mv nproc printenv printf ps pwd readlink rm sed seq sha256sum sleep sort stat
sync tail tee test timeout touch tr true uname uniq wc whoami yes`.split(/\s+/)
const BUSYBOX = new Set([
  ...COMMON,
  ...'busybox ip nc netstat nslookup ping route top traceroute vi wget which free uptime dmesg ifconfig'.split(' '),
])
const DEBIAN = new Set([...COMMON, ...'curl wget nslookup dig nc ping which ip ss top free apt-get python3'.split(' ')])

export function hasTool(name: string, tools: Tools): boolean {
  return tools === 'busybox' ? BUSYBOX.has(name) : tools === 'debian' ? DEBIAN.has(name) : false
}

export function isShell(name: string, tools: Tools): boolean {
  return tools === 'busybox'
    ? name === 'sh' || name === 'ash'
    : tools === 'debian'
      ? name === 'sh' || name === 'bash' || name === 'dash'
      : false
}
