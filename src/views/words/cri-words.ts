import type { SimEvent } from '../../sim/contract.ts'
import { placeOf } from '../../sim/contract.ts'
import { shortImage } from '../drawing/spell.ts'
import { actorPhrase, actorSubject } from './actors.ts'
import { dig, pick, plain, shortId, text, words } from './facts.ts'
import type { Command, Narration } from './narration.ts'
import { say, type SentenceId } from './say.ts'
import { ENGLISH } from './english.ts'
import { DOCS } from './upstream-docs.ts'

/** What a record of the replica adds to an id: `web` for a container id. */
export type NameOfId = (id: string) => string | undefined

export function narrateCri(event: SimEvent, nameOfId: NameOfId): Narration {
  const data = plain(event.data)
  const method = pick(data, 'method') ?? words(event.kind)
  const facts = {
    From: actorSubject(event.from),
    from: actorPhrase(event.from),
    to: actorPhrase(event.to),
    method,
  }
  const node = placeOf(event.to)
  if (event.kind === 'cri.response') return response(data, method, facts, node)
  const asked = plain(data.request)
  const pod = pick(plain(dig(asked, 'config', 'metadata')), 'name')
  const containerId = pick(asked, 'container_id')
  const sandboxId = pick(asked, 'pod_sandbox_id')
  const image = text(dig(asked, 'image', 'image')) ?? text(asked.image)
  const more = {
    ...facts,
    pod,
    attempt: text(dig(asked, 'config', 'metadata', 'attempt')),
    container:
      method === 'CreateContainer'
        ? pod
        : containerId === undefined
          ? undefined
          : (nameOfId(containerId) ?? shortId(containerId)),
    sandbox: shortId(sandboxId),
    timeout: text(asked.timeout) ?? '0',
    command: Array.isArray(asked.cmd) ? asked.cmd.join(' ') : undefined,
    image: image === undefined ? undefined : shortImage(image),
  }
  const id = `cri.${method}`
  return {
    title: method,
    says: id in ENGLISH ? say(id as SentenceId, more) : say('cri.other', facts),
    plane: 'cri',
    command: criCommand(method, { node, pod, containerId, sandboxId }),
    doc: method.includes('Image') ? DOCS.images : DOCS.cri,
  }
}

function response(
  data: ReturnType<typeof plain>,
  method: string,
  facts: { From: string; method: string },
  node: string,
): Narration {
  const error = plain(data.error)
  if (pick(error, 'code') !== undefined) {
    return {
      title: say('cri.response.error.title', { method }),
      says: say('cri.response.error', { ...facts, code: pick(error, 'code'), message: pick(error, 'message') ?? '' }),
      plane: 'cri',
      command: { line: 'journalctl -u containerd -n 20 --no-pager', node },
      doc: DOCS.cri,
    }
  }
  const answer = plain(data.response)
  const id = shortId(pick(answer, 'pod_sandbox_id', 'container_id'))
  const title = `cri.response.${method}.title`
  const known = title in ENGLISH
  return {
    title: known ? say(title as SentenceId, { id }) : say('cri.response.title', { method }),
    says: known ? say(`cri.response.${method}` as SentenceId, { ...facts, id }) : say('cri.response', facts),
    plane: 'cri',
    command: criCommand(method, {
      node,
      containerId: pick(answer, 'container_id'),
      sandboxId: pick(answer, 'pod_sandbox_id'),
    }),
    doc: DOCS.cri,
  }
}

function criCommand(
  method: string,
  ids: { node: string; pod?: string; containerId?: string; sandboxId?: string },
): Command {
  const { node } = ids
  if (method.includes('Image')) return { line: 'crictl images', node }
  if (method.includes('Sandbox')) {
    if (ids.sandboxId !== undefined) return { line: `crictl inspectp ${shortId(ids.sandboxId)}`, node }
    return { line: ids.pod === undefined ? 'crictl pods' : `crictl pods --name ${ids.pod}`, node }
  }
  if (ids.containerId !== undefined) return { line: `crictl inspect ${shortId(ids.containerId)}`, node }
  if (method === 'Status' || method === 'Version')
    return { line: `crictl ${method === 'Status' ? 'info' : 'version'}`, node }
  return { line: 'crictl ps -a', node }
}
