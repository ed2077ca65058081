import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const lines = readFileSync(new URL('./fence.violations.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('//'))

describe('the lint fence of sim, model and tools', () => {
  it('reports every planted violation, and nothing in a clean line', async () => {
    const eslint = new ESLint({ cwd: root })
    const errors = async (code: string) => {
      const [result] = await eslint.lintText(`${code}\n`, { filePath: `${root}src/model/planted.ts` })
      return result!.messages.filter((m) => m.severity === 2 && m.ruleId !== '@typescript-eslint/no-unused-vars')
    }
    for (const line of lines) expect(await errors(line), line).not.toEqual([])
    expect(await errors('export const clean = Math.floor(1.5)')).toEqual([])
    expect(lines.length).toBeGreaterThan(20)
  })
})
