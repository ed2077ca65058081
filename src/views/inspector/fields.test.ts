import { expect, test } from 'vitest'
import { event } from '../drawing/fixture-objects.ts'
import { yamlText } from '../drawing/yaml-text.ts'
import { fieldsOf, messageParts, valuesOf } from './fields.ts'

test('fields are nested as the proto nests them, empty ones left out', () => {
  expect(
    fieldsOf({ config: { metadata: { name: 'web', attempt: 0 }, labels: {}, cmd: ['a', 'b'] }, runtime_handler: '' }),
  ).toEqual([
    { name: 'config', value: '', depth: 0 },
    { name: 'metadata', value: '', depth: 1 },
    { name: 'name', value: 'web', depth: 2 },
    { name: 'attempt', value: '0', depth: 2 },
    { name: 'cmd', value: 'a b', depth: 1 },
  ])
})
test('instants are shown as the clock shows them', () => {
  expect(valuesOf({ pid: 7, startedAt: 12_481_000 })).toEqual([
    { name: 'pid', value: '7', depth: 0 },
    { name: 'startedAt', value: '00:00:12.481', depth: 0 },
  ])
})
test('a message shows its request, not the context of its sender', () => {
  expect(messageParts(event('cri.request', 'a', 'b', 0, 1, { method: 'X', request: { y: 1 }, ctx: { z: 2 } }))).toEqual(
    [{ title: 'Request', value: { y: 1 } }],
  )
  expect(messageParts(event('cni.add', 'a', 'b', 0, 1, { netns: 'n', ctx: 1 }))).toEqual([
    { title: 'Carries', value: { netns: 'n' } },
  ])
})
test('YAML quotes only what it must', () => {
  expect(yamlText({ a: 'x y', b: '1', c: true, d: ['p', { q: 'r: s' }], e: {}, f: 'true', g: { h: [] } })).toBe(
    'a: x y\nb: "1"\nc: true\nd:\n- p\n- q: "r: s"\ne: {}\nf: "true"\ng:\n  h: []\n',
  )
})
