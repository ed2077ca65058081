/** What must hold of load balancers once a cluster was left alone: every address is given, and somebody answers for it. */
import type { ModelReader } from '../tables.ts'
import { endpointsOf } from '../controllers/endpoints/endpoints.ts'
import { subsetsOf } from '../controllers/endpoints/subsets.ts'
import { deepEqual } from '../apiserver/equality.ts'
import { candidatesFor, mayAnnounce } from './election.ts'
import { addressOf, CLOUD_POOL, inPool, keyOf, nextFree, POOL, wantsAddress } from './pool.ts'

const up = (reader: ModelReader, node: string): boolean => {
  const machine = reader.get('machines', node)
  return machine !== undefined && machine.off !== true && machine.cable
}

export function unbalanced(reader: ModelReader): string[] {
  const out: string[] = []
  const speakers = reader.all('metalLbSpeakers').filter((s) => s.running && up(reader, s.node) && mayAnnounce(reader.get('nodes', s.node))) // prettier-ignore
  const controller = reader.all('metalLbControllers').some((c) => c.running && up(reader, c.node))
  const cloud = reader.get('clouds', 'cloud')?.on === true
  const used = new Set(reader.all('services').flatMap((s) => addressOf(s) ?? []))
  for (const service of reader.all('services')) {
    if (!wantsAddress(service) || service.metadata.deletionTimestamp !== undefined) continue
    const key = keyOf(service)
    const ip = addressOf(service)
    if (ip === undefined) {
      const pool = cloud ? CLOUD_POOL : controller ? POOL : undefined
      if (pool && nextFree(pool, used) !== undefined && service.spec.loadBalancerIP === undefined)
        out.push(`service ${key} waits for an address`)
      continue
    }
    if (!inPool(POOL, ip) || speakers.length === 0) continue
    const slices = reader.by('endpointslices', 'service', key)
    const winner = candidatesFor(service, ip, slices, speakers.map((s) => s.node)).nodes[0] // prettier-ignore
    const said = speakers.filter((s) => s.announced[key] === ip).map((s) => s.node)
    if (!deepEqual(said, winner === undefined ? [] : [winner]))
      out.push(`service ${key} is announced by ${said.join(', ') || 'nobody'}, elected is ${winner ?? 'nobody'}`)
    if (winner !== undefined && reader.get('neighbours', ip)?.node !== winner)
      out.push(`${ip} leads to ${reader.get('neighbours', ip)?.node ?? 'nobody'}, announced is it by ${winner}`)
  }
  return out
}

/** Endpoints objects say what the pods are. */
export function staleEndpoints(reader: ModelReader): string[] {
  return reader.all('services').flatMap((service) => {
    if (service.spec.type === 'ExternalName' || Object.keys(service.spec.selector ?? {}).length === 0) return []
    const key = keyOf(service)
    const want = subsetsOf(service, reader.by('pods', 'namespace', service.metadata.namespace ?? ''))
    return deepEqual(endpointsOf(reader, key)?.subsets ?? [], want) ? [] : [`endpoints ${key} are out of date`]
  })
}
