import { useEffect, useState } from 'react'
import { hrefOf } from '../address.ts'
import { useNarrow, useTitle } from '../hooks.ts'
import { LabShell } from '../layout/LabShell.tsx'
import { ScenarioMenu } from '../layout/ScenarioMenu.tsx'
import { nodeWatch, wantedOf } from '../opening.ts'
import { go, useRoute } from '../routes.ts'
import { BadLink, openLink, openRun } from '../run.ts'
import { showFace, useFace } from '../../views/rules/face.ts'
import { useStage } from '../stage.ts'
import { viewOf } from '../views.ts'
import { Message } from './Message.tsx'

/** The free lab: `/lab?view=&with=&node=&scenario=&seed=&face=modes`, or `/lab?run=` for the run of a link. */
export default function Lab() {
  useTitle('Free lab, Nodeglass')
  const { query } = useRoute()
  const narrow = useNarrow()
  const [bad, setBad] = useState('')
  const text = query.get('run')
  const { scenario, seed } = wantedOf(query)

  useEffect(() => {
    const asked = viewOf(query.get('view'))
    const beside = viewOf(query.get('with'))
    const node = query.get('node')
    if (query.get('face') === 'modes') showFace('modes')
    useStage.setState({
      planes: undefined,
      ...(asked ? { view: asked.id } : {}),
      ...(beside ? { beside: beside.id } : {}),
      ...(node ? { node } : {}),
    })
    // The address is read when one comes; what is chosen afterwards is written back below.
    // eslint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [])

  useEffect(() => {
    const watch = nodeWatch(useStage.getState().node)
    if (!text) return openRun({ scenario, seed }, { watch, play: true })
    openLink(text, watch).catch((error: unknown) =>
      setBad(error instanceof BadLink ? error.message : 'This link cannot be opened.'),
    )
  }, [text, scenario, seed])

  const view = useStage((state) => state.view)
  const beside = useStage((state) => state.beside)
  const node = useStage((state) => state.node)
  const face = useFace((state) => state.face)
  useEffect(() => {
    if (!location.hash.startsWith('#/lab')) return
    const keep = {
      run: text ?? undefined,
      scenario: query.get('scenario') ?? undefined,
      seed: query.get('seed') ?? undefined,
      face: view === 'rules' && face === 'modes' ? face : undefined,
    }
    go(hrefOf('/lab', { view, with: beside, node, ...keep }), { replace: true })
    // eslint-disable-next-line react-hooks/exhaustive-deps -- written when the stage changes, not when the address does
  }, [view, beside, node, text, face])

  if (bad)
    return (
      <Message title="This link cannot be opened." says={bad}>
        <a href={hrefOf('/lab')}>Open the free lab</a>
      </Message>
    )
  return (
    <LabShell
      title="Free lab"
      crumb={
        <>
          <b>Free lab</b>
          {!narrow && <ScenarioMenu />}
        </>
      }
    />
  )
}
