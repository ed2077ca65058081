import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Reader } from '../../sim/contract.ts'
import type { ApiRequest } from '../messages.ts'
import type { Tables } from '../tables.ts'
import { checkManifest } from './check-manifest.ts'
import { initialObjects } from './initial-objects.ts'
import { readManifest } from './manifest.ts'
import type { KubeObject } from './objects.ts'
import { objectId, RESOURCES, resourceOfKind, type ApiResource } from './resources.ts'
import { respond } from './respond.ts'

// What people paste and patch is wrong in ways that nobody thought of: real manifests with parts taken out, swapped and
// replaced by junk. Whatever comes, the API server answers.

const folder = join(import.meta.dirname, '../../../../shared/corpus/manifests')
const OWN = `apiVersion: v1
kind: Pod
metadata: {name: a, labels: {x: y}}
spec:
  nodeSelector: {a: b}
  initContainers: [{name: i, image: busybox, restartPolicy: Always, startupProbe: {grpc: {port: 1}}}]
  containers:
  - name: c
    image: nginx
    env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    resources: {limits: {cpu: 1, memory: 1Gi}}
    ports: [{containerPort: 80, name: http}]
    lifecycle: {preStop: {sleep: {seconds: 3}}}
    volumeMounts: [{name: v, mountPath: /v}]
  volumes: [{name: v, projected: {sources: [{configMap: {name: m}}, {downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}]}}]
  tolerations: [{operator: Exists}]
  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a/b, labelSelector: {matchLabels: {a: b}}}]}}
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: k, whenUnsatisfiable: DoNotSchedule}]
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: LoadBalancer, sessionAffinity: ClientIP, externalTrafficPolicy: Local, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: n}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]}
`
const texts = [OWN]
if (existsSync(folder))
  for (const f of readdirSync(folder)) if (f.endsWith('.yaml')) texts.push(readFileSync(join(folder, f), 'utf8'))
const bodies = texts
  .flatMap((t) => readManifest(t).documents.map((d) => d.body))
  // Their namespaces are not there.
  .map((b) => ({ ...b, metadata: { ...(b.metadata as object), namespace: undefined } }) as Record<string, unknown>)

let state = 12345
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state % below
}
const JUNK: unknown[] = [
  null,
  '',
  'x',
  0,
  -1,
  1.5,
  1e12,
  true,
  [],
  {},
  [null],
  [[]],
  { a: 1 },
  ['x', 1],
  'A b',
  '10.0.0.1',
  '99%',
  { name: 'x' },
  [{}],
]
const junk = (): unknown => JUNK[random(JUNK.length)]

function spoil(value: unknown): unknown {
  if (random(24) === 0) return junk()
  if (Array.isArray(value)) {
    const out = value.filter(() => random(16) !== 0).map(spoil)
    return random(12) === 0 ? [...out, junk()] : out
  }
  if (typeof value !== 'object' || value === null) return value
  const out: Record<string, unknown> = {}
  for (const [k, v] of Object.entries(value)) if (random(16) !== 0) out[k] = spoil(v)
  if (random(20) === 0) out[['spec', 'name', 'metadata', 'foo', 'template'][random(5)]!] = junk()
  return out
}

/** Tables of stored objects without a machine around them. */
function store() {
  const tables = new Map<string, Map<string, object>>()
  const put = (r: ApiResource, o: KubeObject): void => {
    if (!tables.has(r.table)) tables.set(r.table, new Map())
    tables.get(r.table)!.set(objectId(r, o.metadata.namespace, o.metadata.name), o)
  }
  const reader = {
    now: 0,
    get: (t: string, id: string) => tables.get(t)?.get(id),
    all: (t: string) => [...(tables.get(t)?.values() ?? [])],
    by: (t: string, _i: string, k: string) =>
      [...(tables.get(t)?.values() ?? [])].filter((o) => JSON.stringify(o).includes(k)),
    count: (t: string) => tables.get(t)?.size ?? 0,
    pending: () => [],
  } as unknown as Reader<Tables>
  for (const o of initialObjects()) put(resourceOfKind(o.apiVersion, o.kind)!, o)
  const drop = (r: ApiResource, o: KubeObject): void =>
    void tables.get(r.table)?.delete(objectId(r, o.metadata.namespace, o.metadata.name))
  return { reader, put, drop }
}

describe('the API server answers whatever comes', () => {
  const { reader, put, drop } = store()
  const chance = { now: 0, random: (_: string, below: number) => random(below) }
  const ask = (request: ApiRequest): ReturnType<typeof respond> => respond(reader, request, chance, true)

  it('to four thousand spoiled manifests and patches', () => {
    const codes = new Map<number, number>()
    for (let i = 0; i < 4_000; i++) {
      const original = bodies[i % bodies.length]!
      const r = resourceOfKind(String(original.apiVersion), String(original.kind))
      if (!r) continue
      const spoiled = spoil(original)
      const body = (typeof spoiled === 'object' && spoiled !== null ? spoiled : original) as KubeObject
      const made = ask({ verb: 'create', resource: r.resource, group: r.group, body })
      const good =
        made.object ??
        ask({ verb: 'create', resource: r.resource, group: r.group, body: original as KubeObject }).object
      const answers = [made]
      if (good?.metadata) {
        put(r, good)
        const { name, namespace } = good.metadata
        const on = { resource: r.resource, group: r.group, name, namespace }
        const patchType = (['merge', 'strategic', 'apply', 'json'] as const)[i % 4]!
        answers.push(ask({ verb: 'update', ...on, body: spoil(good) as KubeObject }))
        answers.push(ask({ verb: 'patch', ...on, patchType, body: spoil(original) as KubeObject }))
        answers.push(ask({ verb: 'patch', ...on, patchType: 'merge', subresource: 'status', body: { status: {} } }))
        answers.push(
          ask({
            verb: 'patch',
            ...on,
            patchType: 'merge',
            subresource: 'scale',
            body: spoil({ spec: { replicas: 2 } }) as KubeObject,
          }),
        )
        answers.push(ask({ verb: 'delete', ...on }))
        drop(r, good)
      }
      for (const { code, message } of answers) {
        codes.set(code, (codes.get(code) ?? 0) + 1)
        if (code >= 400) expect(message).not.toMatch(/undefined|\[object|NaN/)
      }
    }
    for (const code of [200, 201, 400, 422]) expect([code, (codes.get(code) ?? 0) > 50]).toEqual([code, true])
  })

  it('to spoiled text in the editor', () => {
    for (let i = 0; i < 500; i++) {
      const text = texts[i % texts.length]!
      const from = random(text.length)
      const cut =
        text.slice(0, from) +
        ['', '\t', ': ', '- ', '"', '{', '&a *a', '\n'][random(8)]! +
        text.slice(from + random(20))
      for (const problem of checkManifest(cut, 'f').problems) expect(problem.message).not.toBe('')
    }
  })

  it('knows every resource that it serves', () => {
    for (const r of RESOURCES) expect(ask({ verb: 'list', resource: r.resource, group: r.group }).code).toBe(200)
  })
})
