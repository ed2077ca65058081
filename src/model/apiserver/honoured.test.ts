import { describe, expect, it } from 'vitest'
import { checkManifest } from './check-manifest.ts'
import { HONOURED, STORED } from './honoured-table.ts'
import { notModelled } from './honoured.ts'
import { RESOURCES, apiVersionOf } from './resources.ts'
import { fieldsOf, typeOfKind, type FieldType } from './schema.ts'

const notices = (text: string): string[] =>
  notModelled(checkManifest(text).objects[0]!).map((f) => `${f.path}: ${f.what}`)

describe('what is honoured', () => {
  it('says nothing of what is modelled', () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: b}}\ndata: {k: v}\n'
    expect(notices(text)).toEqual([])
  })

  it('names fields at their place, harmless values not', () => {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  hostPID: false
  volumes: [{name: v, nfs: {server: s, path: /}}, {name: w, emptyDir: {}}]
  containers:
  - name: c
    image: nginx
    tty: true
    securityContext: {runAsUser: 1000}
    livenessProbe: {httpGet: {port: 80, scheme: HTTPS}}
    ports: [{containerPort: 80, protocol: TCP}]
`
    expect(notices(text)).toEqual([
      'spec.volumes[0].nfs: not modelled',
      'spec.containers[0].image: approximated',
      'spec.containers[0].tty: not modelled',
      'spec.containers[0].securityContext.runAsUser: not modelled',
      'spec.containers[0].livenessProbe.httpGet.scheme: approximated',
    ])
  })

  it('has a word for every kind that is served', () => {
    for (const r of RESOURCES) {
      if (r.kind === 'Binding') continue
      expect([r.kind, r.kind in HONOURED || r.kind in STORED]).toEqual([r.kind, true])
      expect([r.kind, r.stored]).toEqual([r.kind, r.kind in STORED])
    }
  })

  it('has no row for a field that Kubernetes does not have', () => {
    const wrong: string[] = []
    for (const [kind, rows] of Object.entries(HONOURED)) {
      const r = RESOURCES.find((x) => x.kind === kind)!
      for (const [path] of rows)
        if (!exists({ is: 'object', name: typeOfKind(apiVersionOf(r), kind)! }, path)) wrong.push(`${kind} ${path}`)
    }
    expect(wrong).toEqual([])
  })
})

function exists(type: FieldType, path: string): boolean {
  let at: FieldType = type
  for (const step of path.split('.').flatMap((s) => (s.endsWith('[]') ? [s.slice(0, -2), '[]'] : [s]))) {
    if (step === '**') return true
    if (step === '[]') {
      if (at.is !== 'list') return false
      at = at.of
    } else if (at.is === 'object') {
      const field = fieldsOf(at.name).get(step)
      if (!field) return false
      at = field.type
    } else if (at.is === 'map') at = at.of
    else return false
  }
  return true
}
