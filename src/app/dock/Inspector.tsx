import { theLab, useLab } from '../../lab/client.ts'
import InspectorPanel from '../../views/inspector/InspectorPanel.tsx'
import { askWhy, runInTerminal, useStage } from '../stage.ts'

const ask = <T,>(question: Parameters<ReturnType<typeof theLab>['ask']>[0]): Promise<T> => theLab().ask<T>(question)

/** What was chosen: a sentence, its values, the object itself, and the command that shows it. */
export default function Inspector() {
  const selected = useStage((state) => state.selected)
  const replica = useLab((state) => state.replica)
  return (
    <InspectorPanel
      replica={replica}
      selected={selected}
      onRun={runInTerminal}
      onWhy={askWhy}
      ask={ask}
      onFrame={theLab().onFrame}
    />
  )
}
