import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkManifest } from './check-manifest.ts'
import { notModelled } from './honoured.ts'
import { resourceOfKind } from './resources.ts'
import type { KubeObject } from './objects.ts'

const folder = join(import.meta.dirname, '../../../../shared/corpus/manifests')
const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.yaml') || f.endsWith('.yml')) : []

/** Files that upstream itself would refuse, and with what. */
const REFUSED: Record<string, RegExp> = {}

describe.skipIf(files.length === 0)('manifests of real projects', () => {
  it.each(files)('%s', (file) => {
    const checked = checkManifest(readFileSync(join(folder, file), 'utf8'), file)
    expect(checked.objects.length + checked.problems.length).toBeGreaterThan(0)
    for (const problem of checked.problems) expect(problem.message).not.toMatch(/undefined|\[object/)
    for (const object of checked.objects) {
      expect(resourceOfKind(object.apiVersion, object.kind)).toBeDefined()
      for (const f of notModelled(object as KubeObject)) expect(f.says).not.toBe('')
    }
    if (REFUSED[file]) expect(checked.problems.map((p) => p.message).join('\n')).toMatch(REFUSED[file])
  })
})
