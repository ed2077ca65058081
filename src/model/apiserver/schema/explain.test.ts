import { describe, expect, it } from 'vitest'
import { resourceByName } from '../resources.ts'
import { explainField } from './explain.ts'

describe('explain', () => {
  it('follows a path', () => {
    const found = explainField(resourceByName('deploy')!, 'spec.template.spec.containers'.split('.'))
    expect(found).toMatchObject({ type: 'Container', shown: '[]Container' })
    if (typeof found === 'string') throw new Error(found)
    expect(found.fields.find((f) => f.name === 'name')).toMatchObject({ required: true, shown: 'string' })
    expect(found.description).toMatch(/List of containers belonging to the pod/)
  })

  it('says so where there is nothing', () => {
    expect(explainField(resourceByName('pod')!, ['spec', 'contaners'])).toBe('error: field "contaners" does not exist')
  })
})
