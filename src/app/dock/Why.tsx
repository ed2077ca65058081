import { theLab, useLab } from '../../lab/client.ts'
import WhyPanel from '../../views/why/WhyPanel.tsx'
import { select, useStage } from '../stage.ts'

const ask = <T,>(question: Parameters<ReturnType<typeof theLab>['ask']>[0]): Promise<T> => theLab().ask<T>(question)

/** The Why tab: what was asked for last, else what is chosen. */
export default function Why() {
  const chosen = useStage((state) => state.why ?? state.selected)
  const replica = useLab((state) => state.replica)
  return <WhyPanel replica={replica} selected={chosen} onSelect={select} ask={ask} onFrame={theLab().onFrame} />
}
