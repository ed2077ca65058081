/**
 * The state of a table as text, kept from transactions of kube-proxy's own making: what knftables' Fake dumps. For the
 * command line and for tests; packets meet the kernel's tables (linux/nft).
 */
import type { Container } from './dialect.ts'
import type { KernelTable } from './sync.ts'

interface SetState {
  line: string
  /** key -> the whole line that added it. */
  readonly elements: Map<string, { line: string; value: string }>
}

export class TableText implements KernelTable {
  private table = ''
  private readonly chainLines = new Map<string, string>()
  private readonly rules = new Map<string, string[]>()
  private readonly setStates = new Map<string, SetState>()

  chains(): string[] {
    return [...this.chainLines.keys()]
  }
  sets(): string[] {
    return [...this.setStates].filter(([, set]) => set.line.startsWith('add set ')).map(([name]) => name)
  }
  elements(container: Container): string[] {
    return [...(this.setStates.get(container)?.elements ?? [])].flatMap(([key, { value }]) => [key, value])
  }

  /** Throws where nft would refuse a line. */
  apply(lines: readonly string[]): void {
    for (const line of lines) this.command(line)
  }

  /** Canonical: objects by kind and name, rules of a chain in their order. */
  dump(): string {
    const sorted = (lines: Iterable<string>): string[] => [...lines].sort()
    const sets = [...this.setStates.values()]
    const out = [
      ...(this.table === '' ? [] : [this.table]),
      ...sorted(this.chainLines.values()),
      ...[...this.rules.keys()].sort().flatMap((chain) => this.rules.get(chain)!),
      ...sorted(sets.map((set) => set.line).filter((line) => line.startsWith('add set '))),
      ...sorted(sets.map((set) => set.line).filter((line) => line.startsWith('add map '))),
      ...sorted(sets.flatMap((set) => [...set.elements.values()].map((element) => element.line))),
    ]
    return out.length === 0 ? '' : `${out.join('\n')}\n`
  }

  /** As `nft -f` needs it to make the same table anew: what is named stands before its use. */
  script(): string {
    const lines = this.dump().split('\n')
    const isChain = (line: string): boolean => line.startsWith('add chain ')
    const isSet = (line: string): boolean => line.startsWith('add set ') || line.startsWith('add map ')
    const isElement = (line: string): boolean => line.startsWith('add element ')
    const rest = lines.filter((line) => line.startsWith('add rule '))
    return [
      ...lines.filter((line) => line.startsWith('add table ')),
      ...lines.filter(isChain),
      ...lines.filter(isSet),
      ...lines.filter(isElement),
      ...rest,
      '',
    ].join('\n')
  }

  private command(line: string): void {
    const found = /^(add|flush|delete) (table|chain|rule|set|map|element) (\S+ \S+) ?(\S*) ?(.*)$/.exec(line)
    if (!found) throw new Error(`not a command of nft: ${line}`)
    const [, verb, kind, , name, rest] = found as unknown as [string, string, string, string, string, string]
    const need = <T>(value: T | undefined): T => {
      if (value === undefined) throw new Error(`No such file or directory: ${line}`)
      return value
    }
    switch (`${verb} ${kind}`) {
      case 'add table':
        this.table = line
        return
      case 'delete table':
        need(this.table || undefined)
        this.table = ''
        this.chainLines.clear()
        this.rules.clear()
        this.setStates.clear()
        return
      case 'add chain':
        if (!this.chainLines.has(name)) {
          this.chainLines.set(name, line)
          this.rules.set(name, [])
        }
        return
      case 'flush chain':
        need(this.chainLines.get(name))
        this.rules.set(name, [])
        return
      case 'delete chain':
        need(this.chainLines.get(name))
        if (this.referenced(name)) throw new Error(`Device or resource busy: ${line}`)
        this.chainLines.delete(name)
        this.rules.delete(name)
        return
      case 'add rule':
        need(this.rules.get(name)).push(line)
        return
      case 'add set':
      case 'add map':
        if (!this.setStates.has(name)) this.setStates.set(name, { line, elements: new Map() })
        return
      case 'flush set':
      case 'flush map':
        need(this.setStates.get(name)).elements.clear()
        return
      case 'delete set':
      case 'delete map':
        need(this.setStates.get(name))
        this.setStates.delete(name)
        return
      case 'add element':
      case 'delete element': {
        const set = need(this.setStates.get(name))
        const element = /^\{ (.*?)( comment "[^"]*")?(?: : (.*))? \}$/.exec(rest)
        const key = need(element?.[1])
        if (verb === 'add') set.elements.set(key, { line, value: element![3] ?? '' })
        else {
          need(set.elements.get(key))
          set.elements.delete(key)
        }
        return
      }
      default:
        throw new Error(`not a command of kube-proxy: ${line}`)
    }
  }

  private referenced(chain: string): boolean {
    const leads = (text: string): boolean => new RegExp(`(jump|goto) ${escape(chain)}( |$)`).test(text)
    for (const set of this.setStates.values())
      for (const { value } of set.elements.values()) if (value === `goto ${chain}`) return true
    for (const lines of this.rules.values()) if (lines.some(leads)) return true
    return false
  }
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
