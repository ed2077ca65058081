import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openScenario } from '../cluster.ts'
import { fullYaml } from './full-yaml.ts'
import { plainMapping } from './plain-yaml.ts'

describe('plain YAML', () => {
  const text = openScenario('default', 1).reader.get('configmaps', 'kube-system/kube-proxy')!.data!['config.conf']!

  it('is what kubeadm writes, read as the YAML parser reads it', () => {
    const read = plainMapping(text)
    expect(read?.kind).toBe('KubeProxyConfiguration')
    expect({ value: read }).toEqual(fullYaml(text))
  })

  it('is read as the YAML parser reads it or not at all, whatever somebody makes of it', () => {
    const piece = fc.constantFrom(
      ...['"', "'", ': ', ':', '#', ' #', '- ', '\n', '  ', ' ', '&a', '*a', '!', '|', '>', '{', '}', '[', ']', ','],
      ...[
        'null',
        '~',
        'yes',
        'True',
        '0x1f',
        '1.5',
        '-1',
        '1e3',
        '.inf',
        '2001-01-01',
        '30s',
        'mode',
        '\t',
        '\\n',
        '---',
      ],
    )
    const edits = fc.array(fc.tuple(fc.nat(text.length), fc.nat(8), piece), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(edits, (all) => {
        let edited = text
        for (const [from, cut, put] of all) edited = edited.slice(0, from) + put + edited.slice(from + cut)
        const read = plainMapping(edited)
        if (read) expect({ value: read }).toEqual(fullYaml(edited))
      }),
      { numRuns: 1_000 },
    )
  })
})
