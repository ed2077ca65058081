/** Which face of Rules is shown, and where its slider stands. Lives with the page; palette and lessons set it. */
import { create } from 'zustand'

export interface Face {
  face: 'table' | 'modes'
  /** How many Services stand in the tables of the comparison. */
  services: number
  /** `namespace/name`; undefined: the first that has endpoints. */
  service: string | undefined
  /** Lines are shown whole, to scroll sideways. */
  whole: boolean
}

export const useFace = create<Face>(() => ({ face: 'table', services: 1_000, service: undefined, whole: false }))

export const showFace = (face: Face['face']): void => useFace.setState({ face })

/** The slider is logarithmic: 100 steps a decade, two figures. */
export const MOST_SERVICES = 10_000
export function servicesAt(step: number): number {
  const n = 10 ** (step / 100)
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n) + 1e-9) - 1)
  return Math.min(MOST_SERVICES, Math.round(n / unit) * unit)
}
export const stepOf = (services: number): number => Math.round(Math.log10(services) * 100)
