/** Which command-line tools the images bring; what each does is in `shell/commands.ts`. */
import type { CatalogueImage, Tools } from './catalogue.ts'

const COMMON = `[ [[ arch awk basename cat chmod chown cp cut date dd df dirname du echo env expr false find grep head
hostname id ln ls md5sum mkdir mv nproc printenv printf pwd readlink rm sed seq sha256sum sleep sort stat
sync tail tee test timeout touch tr true uname uniq wc which whoami yes`.split(/\s+/)
const BUSYBOX = 'busybox dmesg free ifconfig ip kill nc netstat nslookup ping ps route top traceroute uptime vi wget'
const FULL = 'curl dig free ip kill nc nslookup ping ps ss top wget'

const SETS: Readonly<Record<Tools, ReadonlySet<string>>> = {
  busybox: new Set([...COMMON, ...BUSYBOX.split(' ')]),
  debian: new Set(COMMON),
  full: new Set([...COMMON, ...FULL.split(' ')]),
  none: new Set(),
}

/** `image` undefined: an image that the lab does not know is taken to have everything. */
export function hasTool(name: string, image: Pick<CatalogueImage, 'tools' | 'extraTools'> | undefined): boolean {
  return SETS[image?.tools ?? 'full'].has(name) || (image?.extraTools?.includes(name) ?? false)
}

export function isShell(name: string, image: Pick<CatalogueImage, 'tools'> | undefined): boolean {
  const tools = image?.tools ?? 'full'
  if (tools === 'busybox') return name === 'sh' || name === 'ash'
  return tools !== 'none' && (name === 'sh' || name === 'bash' || name === 'dash')
}

/** bash and dash run a lone command of `-c` in their own place; busybox keeps the shell above it. */
export const runsLoneCommandInPlace = (image: Pick<CatalogueImage, 'tools'> | undefined): boolean =>
  image?.tools !== 'busybox'
