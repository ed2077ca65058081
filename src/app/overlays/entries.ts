/** What the palette finds: places, pictures, lessons, things of the cluster, and what keys do. */
import type { Replica } from '../../views/contract.ts'
import type { FaultInfo } from '../../lab/protocol.ts'
import { showFace } from '../../views/rules/face.ts'
import { hrefOf } from '../address.ts'
import { KEYS } from '../keys.ts'
import { setFault } from '../layout/set-fault.ts'
import { LESSONS } from '../lessons.ts'
import { go } from '../routes.ts'
import { runInTerminal, select, useStage } from '../stage.ts'
import { VIEWS } from '../views.ts'

export interface Entry {
  readonly id: string
  readonly group: string
  readonly title: string
  readonly says?: string
  readonly run: () => void
}

const MOST_OBJECTS = 400

function toLab(): void {
  if (!/^#\/(lab|lesson)/.test(location.hash)) go(hrefOf('/lab'))
}

function objects(replica: Replica): Entry[] {
  const entries: Entry[] = []
  const add = (table: 'pods' | 'nodes' | 'services' | 'deployments', kind: string): void => {
    for (const object of replica.all(table)) {
      if (entries.length >= MOST_OBJECTS) return
      const { name, namespace } = object.metadata
      const id = namespace ? `${namespace}/${name}` : name
      entries.push({
        id: `${table} ${id}`,
        group: 'In the cluster',
        title: name,
        says: namespace ? `${kind} in ${namespace}` : kind,
        run() {
          toLab()
          const node =
            table === 'nodes'
              ? name
              : table === 'pods'
                ? (object as { spec: { nodeName?: string } }).spec.nodeName
                : undefined
          useStage.setState(node ? { node } : {})
          select({ kind: 'record', table, id })
        },
      })
    }
  }
  add('nodes', 'Node')
  add('pods', 'Pod')
  add('deployments', 'Deployment')
  add('services', 'Service')
  return entries
}

export function allEntries(replica: Replica): Entry[] {
  return [
    ...VIEWS.map((view) => ({
      id: `view ${view.id}`,
      group: 'Pictures',
      title: view.title,
      says: view.says,
      run() {
        toLab()
        useStage.setState({ view: view.id })
      },
    })),
    {
      id: 'view rules modes',
      group: 'Pictures',
      title: 'Four modes of kube-proxy',
      says: 'iptables, IPVS, nftables and eBPF side by side, up to 10,000 Services.',
      run() {
        toLab()
        showFace('modes')
        useStage.setState({ view: 'rules' })
      },
    },
    ...LESSONS.map((lesson) => ({
      id: `lesson ${lesson.id}`,
      group: 'Lessons',
      title: `${lesson.id} ${lesson.title}`,
      says: `${lesson.minutes} min`,
      run: () => go(hrefOf(`/lesson/${lesson.id}`)),
    })),
    ...objects(replica),
    ...KEYS.filter((key) => !key.says.startsWith('Picture')).map((key) => ({
      id: `key ${key.key}`,
      group: 'Do',
      title: key.says,
      says: key.name,
      run() {
        if (key.lab) toLab()
        key.run()
      },
    })),
    { id: 'go lab', group: 'Places', title: 'Free lab', run: () => go(hrefOf('/lab')) },
    { id: 'go front', group: 'Places', title: 'Front page', run: () => go(hrefOf('/')) },
    ...(LESSONS.length > 0
      ? [{ id: 'go lessons', group: 'Places', title: 'All lessons', run: () => go(hrefOf('/lessons')) }]
      : []),
    { id: 'go help', group: 'Places', title: 'Help', run: () => go(hrefOf('/help')) },
  ]
}

/** Every fault with every target; the ones that are on, to heal. */
export function faultEntries(faults: readonly FaultInfo[], replica: Replica): Entry[] {
  const on = new Set(replica.all('faults').map((fault) => `${fault.name}|${fault.target}`))
  return faults.flatMap((fault) =>
    [
      ...new Set([
        ...fault.targets,
        ...replica.all('faults').flatMap((one) => (one.name === fault.name ? [one.target] : [])),
      ]),
    ].map((target) => {
      const heals = on.has(`${fault.name}|${target}`)
      return {
        id: `fault ${fault.name} ${target}`,
        group: 'Break and heal',
        title: `${heals ? 'Heal: ' : ''}${fault.title}, ${target}`,
        says: fault.name,
        run() {
          toLab()
          setFault(fault.name, target, !heals)
        },
      }
    }),
  )
}

/** A line that begins like a command is offered to the terminal as it is. */
export function commandEntry(text: string): Entry | undefined {
  if (
    !/^(kubectl|crictl|ip|iptables|iptables-save|nft|ipvsadm|ipset|bpftool|cilium-dbg|sysctl|dmesg|lab|conntrack|ss|curl|cat|journalctl|systemctl|ssh|nslookup)(\s|$)/.test(
      text,
    )
  )
    return undefined
  return {
    id: 'command',
    group: 'Terminal',
    title: text,
    says: 'run it',
    run() {
      toLab()
      runInTerminal(text)
    },
  }
}

/** Every word of the query must be found; a hit at the start of a word counts more, in the title more than beside it. */
export function score(entry: Entry, words: readonly string[]): number {
  const title = entry.title.toLowerCase()
  const rest = `${entry.group} ${entry.says ?? ''}`.toLowerCase()
  let sum = 0
  for (const word of words) {
    const at = title.indexOf(word)
    if (at === 0) sum += 8
    else if (at > 0) sum += /[\s\-_/]/.test(title[at - 1]!) ? 5 : 3
    else if (rest.includes(word)) sum += 1
    else return 0
  }
  return sum - title.length / 400
}
