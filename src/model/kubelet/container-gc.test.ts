import { expect, it } from 'vitest'
import { MINUTE, SECOND } from '../../sim/clock.ts'
import { TestNode } from './test-node.ts'

const container = (n: TestNode, name: string) =>
  n.machine.reader.all('containers').filter((c) => c.metadata.name === name)

it('removes what was made and never started for a pod that went while the kubelet was away', () => {
  const n = new TestNode()
  n.pod('web')
  n.until(() => container(n, 'app').some((c) => c.state === 'CONTAINER_CREATED'), 10 * SECOND)
  n.input('kubelet.stop', 'worker-1/kubelet', {})
  n.delete('web', 0)
  n.run(10 * SECOND)
  expect(container(n, 'app').map((c) => c.state)).toEqual(['CONTAINER_CREATED'])
  n.input('kubelet.start', 'worker-1/kubelet', {})
  n.run(3 * MINUTE)
  expect(container(n, 'app')).toEqual([])
  expect(n.machine.reader.all('sandboxes')).toEqual([])
  expect(n.machine.reader.all('podCache')).toEqual([])
})
