/** The registries of the world outside, as one actor: what they have, and how they refuse. */
import type { ModelComponent, ModelReader, ModelWorld } from '../tables.ts'
import { LATENCY } from '../messages.ts'
import type { SimEvent } from '../../sim/contract.ts'
import { isMissing, lookUpImage } from '../images/known-image.ts'
import { COSTS } from './costs.ts'
import type { RegistryRequest, RegistryResponse } from './image-pull.ts'

function faultOn(reader: ModelReader, name: string, caller: string): boolean {
  const node = caller.slice(0, caller.indexOf('/'))
  return reader.get('faults', `${name}|registry`) !== undefined || reader.get('faults', `${name}|${node}`) !== undefined
}

function request(world: ModelWorld, event: SimEvent<RegistryRequest>): void {
  const ask = event.data
  const send = (response: Omit<RegistryResponse, keyof RegistryRequest>, workMicros: number) => {
    // Whether it arrives is for the receiver to see: the cable may be pulled while it is under way.
    world.send('registry.response', event.from, { ...ask, ...response }, { delayMicros: LATENCY.lan + workMicros })
  }
  if (faultOn(world, 'registry-down', event.from)) {
    world.because('RG1', { fault: 'registry-down' })
    return send({ status: 0, refused: true, bytes: 0 }, 0)
  }
  const image = lookUpImage(ask.image)
  const work = COSTS.registryRoundTrip * (faultOn(world, 'slow-registry', event.from) ? 12 : 1)
  if (isMissing(image)) {
    world.because('RG2', { image: ask.image, missing: image.missing })
    return send({ status: image.missing === 'tag' ? 404 : 401, bytes: 0 }, work)
  }
  if (ask.op === 'manifest' && faultOn(world, 'registry-rate-limit', event.from)) {
    world.because('RG3', { fault: 'registry-rate-limit' })
    const body =
      'toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit'
    return send({ status: 429, bytes: 0, body }, work)
  }
  if (ask.op === 'blob') {
    const bytes = image.layers.find((layer) => layer.digest === ask.digest)?.size ?? 0
    world.send('registry.blob', event.from, { ...ask, bytes }, { delayMicros: LATENCY.lan + Math.floor(work / 4) })
    return
  }
  send({ status: 200, bytes: ask.op === 'resolve' ? 0 : 2_400 }, work)
}

export const registry: ModelComponent = {
  roles: ['registry'],
  rules: [
    { id: 'RG1', says: 'A registry that is down refuses the connection.', source: 'lab fault registry-down' },
    {
      id: 'RG2',
      says: 'A repository without the tag answers 404; one that does not exist, or is not for everyone, asks to log in.',
      source: 'opencontainers/distribution-spec spec.md; Docker Hub',
    },
    {
      id: 'RG3',
      says: 'Docker Hub answers 429 to those who pull too often.',
      source: 'docs.docker.com docker-hub/usage/pulls',
    },
  ],
  handlers: { 'registry.request': request },
}
