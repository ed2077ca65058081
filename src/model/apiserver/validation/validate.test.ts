import { describe, expect, it } from 'vitest'
import { checkManifest } from '../check-manifest.ts'
import { decodeObject } from '../decode.ts'
import { applyDefaults } from '../defaults/kind-defaults.ts'
import type { KubeObject, Pod } from '../objects.ts'
import { resourceOfKind } from '../resources.ts'
import { validateUpdate } from './validate.ts'

const pod = (spec: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n${spec.replace(/^/gm, '  ')}\n`
const deployment = (spec: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n${spec.replace(/^/gm, '  ')}\n`
const service = (spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: ${spec}\n`
const said = (text: string): string[] => checkManifest(text, 'f.yaml').problems.map((p) => p.message)
const BAD =
  'Error from server (BadRequest): error when creating "f.yaml": Pod in version "v1" cannot be handled as a Pod: '

describe('what the API server says', () => {
  it.each([
    ['no image', pod('containers: [{name: c}]'), 'The Pod "web" is invalid: spec.containers[0].image: Required value'],
    ['no containers', pod('containers: []'), 'The Pod "web" is invalid: spec.containers: Required value'],
    [
      'two mistakes',
      pod('restartPolicy: Sometimes\ncontainers: [{name: c}]'),
      'The Pod "web" is invalid: \n* spec.containers[0].image: Required value\n* spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      'a bad name',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: My_Pod}\nspec: {containers: [{name: c, image: i}]}\n',
      `The Pod "My_Pod" is invalid: metadata.name: Invalid value: "My_Pod": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
    [
      'the same name twice',
      pod('containers: [{name: c, image: i}, {name: c, image: i}]'),
      'The Pod "web" is invalid: spec.containers[1].name: Duplicate value: "c"',
    ],
    [
      'a request above its limit',
      pod('containers: [{name: c, image: i, resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}}]'),
      'The Pod "web" is invalid: spec.containers[0].resources.requests: Invalid value: "1Gi": must be less than or equal to memory limit of 512Mi',
    ],
    [
      'a mount without its volume',
      pod('containers: [{name: c, image: i, volumeMounts: [{name: data, mountPath: /d}]}]'),
      'The Pod "web" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "data"',
    ],
    [
      'a port out of range',
      pod('containers: [{name: c, image: i, ports: [{containerPort: 70000}]}]'),
      'The Pod "web" is invalid: spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      'a probe without a handler',
      pod('containers: [{name: c, image: i, livenessProbe: {periodSeconds: 5}}]'),
      'The Pod "web" is invalid: spec.containers[0].livenessProbe: Required value: must specify a handler type',
    ],
    [
      'a probe on an init container',
      pod(
        'containers: [{name: c, image: i}]\ninitContainers: [{name: d, image: i, livenessProbe: {tcpSocket: {port: 1}}}]',
      ),
      'The Pod "web" is invalid: spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
    [
      'a selector that does not match',
      deployment(
        'selector: {matchLabels: {app: a}}\ntemplate: {metadata: {labels: {app: b}}, spec: {containers: [{name: c, image: i}]}}',
      ),
      'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`',
    ],
    [
      'no selector',
      deployment('template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c, image: i}]}}'),
      'The Deployment "web" is invalid: spec.selector: Required value',
    ],
    [
      'port 0',
      service('{ports: [{port: 0}]}'),
      'The Service "web" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    ['no ports', service('{selector: {a: b}}'), 'The Service "web" is invalid: spec.ports: Required value'],
    [
      'a node port on a ClusterIP',
      service('{ports: [{port: 80, nodePort: 30000}]}'),
      'The Service "web" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is \'ClusterIP\'',
    ],
    [
      'two ports without names',
      service('{ports: [{port: 80}, {port: 81}]}'),
      'The Service "web" is invalid: \n* spec.ports[0].name: Required value\n* spec.ports[1].name: Required value',
    ],
    [
      'a policy on a service without doors',
      service('{externalTrafficPolicy: Local, ports: [{port: 80}]}'),
      'The Service "web" is invalid: spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
    ['an unknown field', pod('contaners: []'), `${BAD}strict decoding error: unknown field "spec.contaners"`],
    [
      'unknown fields',
      pod('containers: [{name: c, imag: i, image: i}]\nfoo: 1'),
      `${BAD}strict decoding error: unknown field "spec.containers[0].imag", unknown field "spec.foo"`,
    ],
    [
      'a number for a string',
      pod('containers: [{name: c, image: i, env: [{name: A, value: 1}]}]'),
      `${BAD}json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string`,
    ],
    [
      'a map for a list',
      pod('containers: {name: c}'),
      `${BAD}json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container`,
    ],
    [
      'a strange quantity',
      pod('containers: [{name: c, image: i, resources: {limits: {memory: lots}}}]'),
      `${BAD}quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    ],
  ])('%s', (_name, text, expected) => {
    expect(said(text)).toEqual([expected])
  })

  it('puts every mistake in its place', () => {
    const text = pod('containers:\n- name: c\n  ports:\n  - containerPort: 0')
    const { notices } = checkManifest(text, 'f.yaml')
    expect(notices.filter((n) => n.severity === 'error').map((n) => [n.line, n.path])).toEqual([
      [6, 'spec.containers[0].image'],
      [8, 'spec.containers[0].ports[0].containerPort'],
    ])
  })

  it('takes what is right', () => {
    expect(said(pod('containers: [{name: c, image: i, resources: {limits: {cpu: 0.5}}}]'))).toEqual([])
    expect(said(service('{clusterIP: None}'))).toEqual([])
  })
})

describe('changes of a pod', () => {
  const r = resourceOfKind('v1', 'Pod')!
  const read = (spec: string): Pod => {
    const body = checkManifest(pod(spec)).objects[0]!
    const decoded = decodeObject(body, r)
    if ('error' in decoded) throw new Error(decoded.error)
    const object = applyDefaults(decoded.object)
    return { ...object, metadata: { ...object.metadata, namespace: 'default', uid: 'u' } } as unknown as Pod
  }
  const errors = (before: string, after: string): string[] =>
    validateUpdate(read(after) as unknown as KubeObject, read(before) as unknown as KubeObject, r).map(
      (e) => `${e.field}: ${e.message}`,
    )

  it('lets the image change and nothing else', () => {
    expect(errors('containers: [{name: c, image: a}]', 'containers: [{name: c, image: b}]')).toEqual([])
    const [text] = errors(
      'containers: [{name: c, image: "a:1", ports: [{containerPort: 80}]}]',
      'containers: [{name: c, image: "a:1", ports: [{containerPort: 81}]}]',
    )
    expect(text).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`,/,
    )
    expect(text).toContain(
      '  - spec.containers[0].ports[0].containerPort: 80\n  + spec.containers[0].ports[0].containerPort: 81',
    )
  })

  it('lets no container come or go', () => {
    expect(
      errors('containers: [{name: c, image: a}]', 'containers: [{name: c, image: a}, {name: d, image: a}]'),
    ).toEqual(['spec.containers: Forbidden: pod updates may not add or remove containers'])
  })
})
