import { expect, it } from 'vitest'
import { boot, openAt } from '../model/cluster.ts'
import type { EndpointSlice } from '../model/apiserver/objects.ts'
import { Session } from './session.ts'
import { syncNotes } from './sync-notes.ts'

it('a sync says which lines came and went, and which endpoint of which slice it answers', () => {
  const session = new Session('shop', 1, boot('shop', 1), openAt('shop'))
  session.runUntil(openAt('shop'), Infinity)
  const first = syncNotes(session, 'worker-1', 50)
  expect(first.length).toBeGreaterThan(0)
  expect(first.some((note) => note.full)).toBe(true)

  const { reader } = session.timeline.machine
  const pod = reader.by('pods', 'namespace', 'shop').find((one) => one.metadata.name.startsWith('web-'))!
  const ip = pod.status!.podIP!
  const request = { verb: 'delete', resource: 'pods', namespace: 'shop', name: pod.metadata.name }
  session.input({ kind: 'api.request', from: 'laptop', to: 'apiserver', data: request })
  session.runUntil(session.now + 60_000_000, Infinity)

  const notes = syncNotes(session, 'worker-1', 50).filter((note) => note.at > openAt('shop'))
  const went = notes.flatMap((note) => note.causes).find((cause) => cause.change === 'went')
  expect(went).toMatchObject({ resource: 'endpointslices', namespace: 'shop', address: ip, type: 'MODIFIED' })
  const came = notes.flatMap((note) => note.causes).find((cause) => cause.change === 'came')
  const slice = reader.get('endpointslices', `shop/${came!.name}`) as unknown as EndpointSlice
  expect(slice.endpoints.flatMap((endpoint) => endpoint.addresses)).toContain(came!.address)
  for (const note of notes) expect(note.added.length).toBe(Math.min(200, note.addedCount))
})
