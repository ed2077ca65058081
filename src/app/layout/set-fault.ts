import { theLab } from '../../lab/client.ts'

export function setFault(name: string, target: string, on: boolean): void {
  theLab().send({ t: 'input', input: { kind: 'fault.set', to: 'faults', data: { name, target, on } } })
}
