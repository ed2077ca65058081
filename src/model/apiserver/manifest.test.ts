import { describe, expect, it } from 'vitest'
import { MANIFEST_LIMITS, readManifest } from './manifest.ts'

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: c
      image: nginx
`

describe('reading manifests', () => {
  it('keeps the place of every field', () => {
    const { documents, problems } = readManifest(`# first\n${POD}---\n---\n${POD}`, 'a.yaml')
    expect(problems).toEqual([])
    expect(documents.map((d) => d.name)).toEqual(['web', 'web'])
    expect(documents[0]!.at('spec.containers[0].image')).toEqual({ line: 9, column: 7 })
    expect(documents[0]!.at('spec.containers[0].ports[0].port')).toEqual({ line: 8, column: 7 })
    expect(documents[1]!.at('metadata.name')).toEqual({ line: 15, column: 3 })
  })

  it('reads YAML as Go does: yes is true, 0644 is octal, a time is text, null is nothing', () => {
    const text =
      'apiVersion: v1\nkind: X\na: yes\nb: 0644\nc: 22:30\nd: 2020-01-01\ne: ~\nf: {1: x, y: z}\ng: 1e3\nh: "on"\n'
    expect(readManifest(text).documents[0]!.body).toMatchObject({
      a: true,
      b: 420,
      c: '22:30',
      d: '2020-01-01',
      e: null,
      f: { '1': 'x', true: 'z' },
      g: 1000,
      h: 'on',
    })
  })

  it('reads anchors, merges, KYAML and JSON', () => {
    const anchors = 'apiVersion: v1\nkind: X\nbase: &b {a: 1}\nuse: {<<: *b, c: 2}\n'
    expect(readManifest(anchors).documents[0]!.body.use).toEqual({ a: 1, c: 2 })
    const kyaml = '---\n{\n  apiVersion: "v1",\n  kind: "Pod",\n  metadata: {name: "k",}, # comment\n}\n'
    expect(readManifest(kyaml).documents[0]!.name).toBe('k')
    expect(readManifest('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j"}}').documents[0]!.name).toBe('j')
  })

  it('takes Lists apart', () => {
    const list =
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n'
    const { documents } = readManifest(list)
    expect(documents.map((d) => d.name)).toEqual(['a', 'b'])
    expect(documents[1]!.at('metadata.name').line).toBe(7)
  })

  it.each([
    [
      'tab',
      'apiVersion: v1\nkind: Pod\n\tmetadata: {}\n',
      /yaml: line 3: found character that cannot start any token/,
      /spaces/,
    ],
    [
      'colon',
      'apiVersion: v1\nkind: Pod: x\n',
      /yaml: line 2: mapping values are not allowed in this context/,
      /Quote/,
    ],
    ['twice', 'apiVersion: v1\nkind: Pod\nkind: Pod\n', /line 3: key already set in map/, /twice/],
    ['no kind', 'apiVersion: v1\nmetadata: {}\n', /kind not set/, /kind: Pod/],
    ['text', 'hello\n', /invalid object to validate/, /mapping/],
    ['alias', 'apiVersion: v1\nkind: X\na: *b\n', /yaml|alias/i, /./],
  ])('says where and what: %s', (_name, text, message, hint) => {
    const { documents, problems } = readManifest(text, 'f.yaml')
    expect(documents).toEqual([])
    expect(problems[0]!.message).toMatch(message)
    expect(problems[0]!.hint).toMatch(hint)
  })

  it('has limits', () => {
    expect(readManifest('a'.repeat(MANIFEST_LIMITS.characters + 1)).problems[0]!.message).toMatch(/at most 3.0 MB/)
    expect(readManifest('['.repeat(100_000)).problems[0]!.message).toMatch(/levels of nesting/)
    expect(readManifest('a:\n' + '- '.repeat(100_000)).problems[0]!.message).toMatch(/levels of nesting|yaml/)
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (const [n, p] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf'])
      bomb.push(`${n}: &${n} [*${p},*${p},*${p},*${p},*${p},*${p},*${p},*${p}]`)
    expect(readManifest('apiVersion: v1\nkind: X\n' + bomb.join('\n')).problems[0]!.message).toMatch(
      /excessive aliasing/,
    )
    let nested = 'x'
    for (let i = 0; i < 100; i++) nested = `{a: ${nested}}`
    expect(readManifest(`apiVersion: v1\nkind: X\nb: ${nested}`).problems[0]!.message).toMatch(/levels of nesting/)
  })

  it('reads five thousand pods', () => {
    const { documents } = readManifest(Array.from({ length: 5_000 }, () => POD).join('---\n'))
    expect(documents).toHaveLength(5_000)
  })
})
