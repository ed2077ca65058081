import { describe, expect, it } from 'vitest'
import { jsonPatch, mergePatch, strategicPatch, threeWayApply } from './patch.ts'

const pod = {
  metadata: { labels: { a: '1', b: '2' } },
  spec: {
    containers: [
      { name: 'web', image: 'a' },
      { name: 'log', image: 'b' },
    ],
    nodeName: 'n1',
  },
}

describe('patches', () => {
  it('merge replaces lists and takes nulls away', () => {
    expect(mergePatch(pod, { metadata: { labels: { a: null } }, spec: { containers: [{ name: 'x' }] } })).toEqual({
      metadata: { labels: { b: '2' } },
      spec: { containers: [{ name: 'x' }], nodeName: 'n1' },
    })
    expect(mergePatch(pod, { metadata: { labels: { a: '1' } } })).toBe(pod)
  })

  it('strategic joins lists by their key and obeys $patch', () => {
    const patched = strategicPatch(pod, {
      spec: {
        containers: [
          { name: 'web', image: 'c' },
          { name: 'log', $patch: 'delete' },
        ],
      },
    })
    expect(patched.spec).toEqual({ containers: [{ name: 'web', image: 'c' }], nodeName: 'n1' })
    expect(strategicPatch({ args: ['a', 'b'] }, { args: ['c'] })).toEqual({ args: ['c'] })
    const ports = { ports: [{ port: 80, nodePort: 30080 }] }
    expect(strategicPatch(ports, { ports: [{ port: 81 }] }).ports).toHaveLength(2)
  })

  it('apply deletes what the manifest dropped and keeps what others set', () => {
    const current = {
      metadata: { labels: { a: '1', mine: 'x', theirs: 'y' } },
      spec: { replicas: 5, containers: [{ name: 'web', image: 'a', pulled: true }, { name: 'injected' }] },
    }
    const original = {
      metadata: { labels: { a: '1', mine: 'x' } },
      spec: { replicas: 1, containers: [{ name: 'web', image: 'a' }] },
    }
    const modified = { metadata: { labels: { a: '2' } }, spec: { containers: [{ name: 'web', image: 'b' }] } }
    expect(threeWayApply(current, modified, original)).toEqual({
      metadata: { labels: { a: '2', theirs: 'y' } },
      spec: { containers: [{ name: 'web', image: 'b', pulled: true }, { name: 'injected' }] },
    })
  })

  it('apply of what is there already gives the same object', () => {
    expect(threeWayApply(pod, { spec: { containers: [{ name: 'web', image: 'a' }] } }, undefined)).toBe(pod)
  })

  it('JSON patch steps', () => {
    expect(jsonPatch(pod, [{ op: 'replace', path: '/spec/containers/0/image', value: 'z' }])).toMatchObject({
      spec: { containers: [{ image: 'z' }, { image: 'b' }] },
    })
    expect(jsonPatch(pod, [{ op: 'remove', path: '/metadata/labels/a' }])).toMatchObject({
      metadata: { labels: { b: '2' } },
    })
    expect(typeof jsonPatch(pod, [{ op: 'remove', path: '/metadata/labels/none' }])).toBe('string')
    expect(jsonPatch({ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }])).toEqual({ a: [1, 2] })
  })
})
