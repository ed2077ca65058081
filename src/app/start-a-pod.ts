/** The one button of the front page: a Pod is created, as `kubectl apply` would, and the lab shows how it starts. */
import { theLab } from '../lab/client.ts'
import type { ApplyAnswer } from '../lab/protocol.ts'
import { FIRST_MANIFEST } from './dock/first-manifest.ts'
import { putFile, useStage } from './stage.ts'
import { viewOf } from './views.ts'

/** A name that is still free: `web`, then `web-2`. */
function freeName(): string {
  const { replica } = theLab().store.getState()
  for (let i = 1; ; i++) {
    const name = i === 1 ? 'web' : `web-${i}`
    if (!replica.get('pods', `default/${name}`)) return name
  }
}

export async function startPod(node: string): Promise<string> {
  const name = freeName()
  const text = FIRST_MANIFEST.replace('name: web\n', `name: ${name}\n`).replace(
    'spec:\n',
    `spec:\n  nodeSelector:\n    kubernetes.io/hostname: ${node}\n`,
  )
  const file = `${name}.yaml`
  putFile(file, text)
  useStage.setState({ file, node, view: 'node', beside: viewOf('pod-start') ? 'pod-start' : undefined })
  const lab = theLab()
  lab.send({ t: 'pace', pace: { mode: 'follow' } })
  const answer = await lab.ask<ApplyAnswer>({ q: 'apply', yaml: text, file })
  if (!answer.ok) throw new Error(answer.text)
  useStage.setState({ selected: { kind: 'record', table: 'pods', id: `default/${name}` } })
  lab.send({ t: 'play', on: true })
  return name
}
