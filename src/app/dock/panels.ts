/** The panels of the dock, offered as soon as they exist; all of them are loaded when first opened. */
import type { ComponentType } from 'react'
import type { DockTab } from '../stage.ts'

type Loader = () => Promise<{ default: ComponentType<never> }>

const found = import.meta.glob<{ default: ComponentType<never> }>([
  '../../views/terminal/Panel.tsx',
  '../../views/manifest/Panel.tsx',
])

export const terminalPanel = found['../../views/terminal/Panel.tsx'] as Loader | undefined
export const manifestPanel = found['../../views/manifest/Panel.tsx'] as Loader | undefined

export const DOCK_TABS: readonly { id: DockTab; title: string }[] = [
  ...(terminalPanel ? [{ id: 'terminal' as const, title: 'Terminal' }] : []),
  ...(manifestPanel ? [{ id: 'yaml' as const, title: 'YAML' }] : []),
  { id: 'events', title: 'Events' },
  { id: 'why', title: 'Why' },
]
