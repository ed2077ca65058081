/** What a machine without power forgets of IPVS and of sets. */
import type { ModelWorld } from '../../tables.ts'
import { setId } from '../ipset/records.ts'
import { linkOf, removeLink } from '../links.ts'
import { idOfConn, serverId, serviceId } from './records.ts'

export function wipeIpvs(world: ModelWorld, node: string): void {
  for (const conn of world.by('ipvsConns', 'node', node)) world.put('ipvsConns', idOfConn(conn), undefined)
  for (const service of world.by('ipvsServices', 'node', node)) {
    const id = serviceId(node, service)
    world.put('ipvsCursors', id, undefined)
    world.put('ipvsStats', id, undefined)
    for (const server of service.servers) world.put('ipvsStats', serverId(id, server), undefined)
    world.put('ipvsServices', id, undefined)
  }
  world.put('ipvsTimeouts', node, undefined)
  for (const set of world.by('ipsets', 'node', node)) world.put('ipsets', setId(node, set.name), undefined)
  for (const link of world.by('links', 'netns', `${node}|`))
    if (link.kind === 'dummy' && linkOf(world, node, '', link.name)) removeLink(world, link)
}
