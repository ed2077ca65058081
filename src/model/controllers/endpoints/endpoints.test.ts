import { describe, expect, it } from 'vitest'
import { SECOND } from '../../../sim/clock.ts'
import type { KubeObject } from '../../apiserver/objects.ts'
import { httpGet, type HttpResponse } from '../../images/payloads.ts'
import { container, shell, TestLab } from '../../test-lab.ts'
import { endpointsOf } from './endpoints.ts'

const subsets = (lab: TestLab, name: string) => endpointsOf(lab.reader, `default/${name}`)?.subsets

describe('Endpoints', () => {
  it('follow the pods of a Service, and go with it', () => {
    const lab = new TestLab()
    const ports = [{ name: 'http', port: 80, targetPort: 'web' }]
    lab.create('Service', 'web', { selector: { app: 'web' }, ports })
    lab.run(SECOND)
    expect(subsets(lab, 'web')).toBeUndefined()
    expect(endpointsOf(lab.reader, 'default/web')).toBeDefined()
    lab.deployment('web', 2, [container('a', 'nodeglass/web:1', { ports: [{ name: 'web', containerPort: 8080 }] })])
    lab.untilAvailable('web')
    lab.run(SECOND)
    const [subset] = subsets(lab, 'web')!
    expect(subset!.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }])
    expect(subset!.addresses!.map((a) => a.ip).sort()).toEqual(lab.pods('web').map((p) => p.status!.podIP!).sort()) // prettier-ignore
    lab.delete('services', 'web')
    lab.run(SECOND)
    expect(endpointsOf(lab.reader, 'default/web')).toBeUndefined()
  })

  it('that a person writes for a Service without a selector are mirrored into a slice, and traffic goes there', () => {
    const lab = new TestLab()
    lab.create('Service', 'partner', { ports: [{ port: 80 }] })
    const endpoints = (ip: string): KubeObject =>
      ({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'partner' }, subsets: [{ addresses: [{ ip }], ports: [{ port: 8080 }] }] }) as unknown as KubeObject // prettier-ignore
    lab.ask({ verb: 'create', resource: 'endpoints', namespace: 'default', body: endpoints('203.0.113.10') })
    lab.pod('client', [shell('a', 'sleep 10000')])
    lab.untilReady('client')
    lab.run(3 * SECOND)
    const slices = () => lab.reader.by('endpointslices', 'service', 'default/partner')
    expect(slices()).toHaveLength(1)
    expect(slices()[0]).toMatchObject({
      metadata: {
        labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' },
        ownerReferences: [{ kind: 'Endpoints', name: 'partner' }],
      },
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: ['203.0.113.10'], conditions: { ready: true } }],
    })
    const ip = lab.reader.get('services', 'default/partner')!.spec.clusterIP!
    const flow = lab.connect(lab.inside('client'), ip, 80, httpGet('partner', '/', 'test'))
    expect((flow.response as HttpResponse).body).toBe('external.lab\n')
    lab.ask({ verb: 'delete', resource: 'endpoints', namespace: 'default', name: 'partner' })
    lab.run(2 * SECOND)
    expect(slices()).toEqual([])
  })
})
