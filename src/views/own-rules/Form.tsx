import { useId } from 'react'
import type { Loaded, PacketForm } from '../../lab/rules-protocol.ts'
import { change, send } from './desk.ts'
import css from './own-rules.module.css'

const ANY_NODE = '192.0.2.10'
const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp', 'ipv6-icmp']

/** The packet: from where, to where, in by which interface, first of its flow or not. */
export function Form({ loaded, form, fault }: { loaded: Loaded; form: PacketForm; fault: string | undefined }) {
  const id = useId()
  const field = (key: keyof Omit<PacketForm, 'known'>, label: string, hint?: string, list?: readonly string[]) => (
    <div className={css.field} data-field={key}>
      <label htmlFor={`${id}${key}`}>{label}</label>
      <input
        id={`${id}${key}`}
        value={form[key]}
        placeholder={hint}
        spellCheck={false}
        autoComplete="off"
        inputMode={key === 'sport' || key === 'dport' ? 'numeric' : undefined}
        list={list && list.length > 0 ? `${id}${key}list` : undefined}
        onChange={(event) => change({ [key]: event.target.value })}
      />
      {list && list.length > 0 && (
        <datalist id={`${id}${key}list`}>
          {list.map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      )}
    </div>
  )
  // a dump that names no address of the node has its ports under one that stands for it
  const own = form.nodeIps.split(/[\s,]+/).includes(form.dst)
  const chosen = loaded.targets.findIndex(
    (t) => (t.ip === form.dst || (own && t.ip === ANY_NODE)) && String(t.port) === form.dport && t.proto === form.proto,
  )
  const ports = !form.proto.includes('icmp')
  return (
    <form
      className={css.form}
      aria-label="The packet"
      onSubmit={(event) => {
        event.preventDefault()
        send(form)
      }}
    >
      <h3>The packet</h3>
      {loaded.targets.length > 0 && (
        <div className={css.field}>
          <label htmlFor={`${id}target`}>To something these rules are written for</label>
          <select
            id={`${id}target`}
            value={chosen}
            onChange={(event) => {
              const target = loaded.targets[Number(event.target.value)]
              if (!target) return
              const node = target.ip === ANY_NODE ? form.nodeIps.split(/[\s,]+/).find(Boolean) : undefined
              const dst = node ?? target.ip
              const nodeIps = target.ip === ANY_NODE && !node ? dst : form.nodeIps
              send({ ...form, proto: target.proto, dst, dport: String(target.port), nodeIps })
            }}
          >
            {chosen < 0 && <option value={-1}>an address of your own</option>}
            {loaded.targets.map((target, i) => (
              <option key={i} value={i}>
                {target.says}, {target.proto} {target.ip === ANY_NODE ? 'the node' : target.ip}:{target.port}
              </option>
            ))}
          </select>
        </div>
      )}
      <div className={css.pair}>
        <div className={css.field}>
          <label htmlFor={`${id}proto`}>Protocol</label>
          <select id={`${id}proto`} value={form.proto} onChange={(event) => change({ proto: event.target.value })}>
            {[...new Set([...PROTOCOLS, form.proto])].map((proto) => (
              <option key={proto}>{proto}</option>
            ))}
          </select>
        </div>
        <div className={css.field}>
          <label htmlFor={`${id}known`}>It is</label>
          <select
            id={`${id}known`}
            value={form.known ? 'known' : 'new'}
            onChange={(event) => change({ known: event.target.value === 'known' })}
          >
            <option value="new">the first of its flow</option>
            <option value="known">of a known flow</option>
          </select>
        </div>
      </div>
      <div className={css.ends2}>
        {field('src', 'Source address')}
        {ports && field('sport', 'port')}
        {field('dst', 'Destination address')}
        {ports && field('dport', 'port')}
      </div>
      <div className={css.pair}>
        {field('inDev', 'Comes in by', 'not known', loaded.devices)}
        {field('nodeIps', 'Addresses of the node', '172.18.0.3')}
      </div>
      {fault !== undefined && (
        <p role="alert" className={css.error}>
          {fault}
        </p>
      )}
      <button type="submit" className={css.send}>
        Send it
      </button>
    </form>
  )
}
