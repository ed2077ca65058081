import { lazy, type ComponentType } from 'react'
import { theLab } from '../../lab/client.ts'
import type { ApplyAnswer, PlanAnswer } from '../../lab/protocol.ts'
import type { PanelProps } from '../../views/manifest/Panel.tsx'
import { putFile, useStage } from '../stage.ts'
import { FIRST_MANIFEST } from './first-manifest.ts'
import { manifestPanel } from './panels.ts'

const Panel = lazy(manifestPanel as unknown as () => Promise<{ default: ComponentType<PanelProps> }>)
const plan = (yaml: string, file: string) => theLab().ask<PlanAnswer>({ q: 'plan', yaml, file })
const apply = (yaml: string, file: string) => theLab().ask<ApplyAnswer>({ q: 'apply', yaml, file })
const choose = (file: string) => useStage.setState({ file })

export default function Yaml() {
  const files = useStage((state) => state.files)
  const file = useStage((state) => state.file)
  const shown = files.length > 0 ? files : [{ name: 'web.yaml', text: FIRST_MANIFEST }]
  return (
    <Panel
      files={shown}
      current={file || shown[0]!.name}
      onChoose={choose}
      onText={putFile}
      plan={plan}
      apply={apply}
    />
  )
}
