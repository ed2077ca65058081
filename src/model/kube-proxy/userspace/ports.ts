/** Where the proxy of a Service port listens. The real one takes what the kernel gives; here it follows from the name. */
import { sha256Base32 } from '../sha256.ts'
import type { ServiceState } from '../iptables/sync.ts'
import type { ServicePortInfo } from '../service-port.ts'

export interface ProxiedPort {
  readonly info: ServicePortInfo
  readonly proxyPort: number
}

const FIRST = 32_768
const COUNT = 28_000

/** In the order of the Services; a port that another name has already is passed over. */
export function proxiedPorts(services: readonly ServiceState[]): ProxiedPort[] {
  const taken = new Set<number>()
  return services.flatMap((service) =>
    service.ports.map((info) => {
      let proxyPort = FIRST + (numberOf(`${info.name}/${info.protocol}`) % COUNT)
      while (taken.has(proxyPort)) proxyPort = proxyPort + 1 < FIRST + COUNT ? proxyPort + 1 : FIRST
      taken.add(proxyPort)
      return { info, proxyPort }
    }),
  )
}

function numberOf(name: string): number {
  let n = 0
  for (const c of sha256Base32(name, 8)) n = (n * 31 + c.charCodeAt(0)) % 1_000_003
  return n
}
