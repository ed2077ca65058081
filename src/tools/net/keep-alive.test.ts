import { expect, test } from 'vitest'
import { openLab } from '../../lesson/lab.ts'
import { createFilters } from '../../shell/filters.ts'

const loadFilters = async () =>
  createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0])

test('addresses of one server share a connection and so a backend; with Connection: close each makes its own', async () => {
  const lab = openLab('shop', 3, loadFilters)
  const urls = Array.from({ length: 12 }, () => 'http://web/').join(' ')
  const connects = async (more: string) => {
    const { out } = await lab.run(
      `kubectl exec -n shop deploy/client -- curl -s -o /dev/null -w '%{num_connects} ' ${more} ${urls}`,
    )
    return out.trim().split(' ').map(Number)
  }
  const backends = async () => {
    const { out } = await lab.run(`ssh worker-1 conntrack -L; ssh worker-2 conntrack -L`)
    return out
  }
  expect(await connects('')).toEqual([1, ...Array.from({ length: 11 }, () => 0)])
  const before = (await backends()).split('\n').length
  expect(await connects("-H 'Connection: close'")).toEqual(Array.from({ length: 12 }, () => 1))
  expect((await backends()).split('\n').length).toBeGreaterThan(before + 8)
})
