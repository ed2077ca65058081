import { describe, expect, test } from 'vitest'
import { dockerDuration, dockerSize, humanDuration } from './age.ts'
import { customColumns } from './custom-columns.ts'
import { jsonText } from './json-text.ts'
import { evaluateJsonPath, findValues, relaxed } from './jsonpath/evaluate.ts'
import { CRICTL_TABLE, KUBECTL_DESCRIBE, KUBECTL_TABLE, table, tabulate } from './tabwriter.ts'
import { yamlText } from './yaml-text.ts'

// Samples stand in COMMANDS.md (c08, c15, c32, c35, c10) and client-go's jsonpath_test.go.
describe('tables', () => {
  test('kubectl: widest cell and three blanks, last column bare', () => {
    const rows = [
      ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'],
      ['coredns-7c65d6cfc9-78p96', '1/1', 'Running', '0', '17m'],
      ['kube-scheduler-kube-control-plane', '0/1', 'CrashLoopBackOff', '8 (53s ago)', '17m'],
    ]
    expect(table(rows, KUBECTL_TABLE)).toBe(
      'NAME                                READY   STATUS             RESTARTS      AGE\n' +
        'coredns-7c65d6cfc9-78p96            1/1     Running            0             17m\n' +
        'kube-scheduler-kube-control-plane   0/1     CrashLoopBackOff   8 (53s ago)   17m\n',
    )
  })

  test('crictl: at least twenty', () => {
    const rows = [
      ['IMAGE', 'TAG', 'IMAGE ID', 'SIZE'],
      ['k8s.gcr.io/pause', '3.1', 'da86e6ba6ca19', '742kB'],
    ]
    expect(table(rows, CRICTL_TABLE)).toBe(
      'IMAGE               TAG                 IMAGE ID            SIZE\nk8s.gcr.io/pause    3.1                 da86e6ba6ca19       742kB\n',
    )
  })

  test('describe: a line without a tab ends the column above it', () => {
    expect(
      tabulate('Name:\tweb\nNamespace:\tdefault\nEvents:\n  Type\tReason\n  ----\t------\n', KUBECTL_DESCRIBE),
    ).toBe('Name:       web\nNamespace:  default\nEvents:\n  Type  Reason\n  ----  ------\n')
  })
})

test.each([
  [9, '9s'], [119, '119s'], [120, '2m'], [267, '4m27s'], [23 * 60, '23m'], [179 * 60, '179m'], [4 * 3600 + 37 * 60, '4h37m'],
  [47 * 3600, '47h'], [5 * 86400 + 23 * 3600, '5d23h'], [34 * 86400, '34d'], [743 * 86400, '2y13d'],
])('age %d s is %s', (seconds, text) => expect(humanDuration(seconds * 1e6)).toBe(text)) // prettier-ignore

test.each([
  [60, 'About a minute'], [180, '3 minutes'], [47 * 3600, '47 hours'], [2 * 86400, '2 days'], [3 * 7 * 86400, '3 weeks'],
])('created %d s ago is %s', (seconds, text) => expect(dockerDuration(seconds * 1e6)).toBe(text)) // prettier-ignore

test.each([
  [742_472, '742kB'], [1_146_369, '1.15MB'], [190_960_065, '191MB'],
])('size %d is %s', (bytes, text) => expect(dockerSize(bytes)).toBe(text)) // prettier-ignore

describe('jsonpath', () => {
  const data = {
    kind: 'List',
    items: [
      { kind: 'None', metadata: { name: '127.0.0.1', labels: { 'kubernetes.io/hostname': '127.0.0.1' } }, status: { capacity: { cpu: '4' }, addresses: [{ type: 'LegacyHostIP', address: '127.0.0.1' }] } },
      { kind: 'None', metadata: { name: '127.0.0.2' }, status: { capacity: { cpu: '8' }, addresses: [{ type: 'LegacyHostIP', address: '127.0.0.2' }, { type: 'another', address: '127.0.0.3' }] } },
    ],
    users: [{ name: 'myself', user: {} }, { name: 'e2e', user: { username: 'admin', password: 'secret' } }],
  } // prettier-ignore
  test.each([
    ['kind is {.kind}', 'kind is List'],
    ['{.kind}', 'List'],
    [
      '{range .items[*]}{.metadata.name}, {.status.capacity}\n{end}',
      '127.0.0.1, {"cpu":"4"}\n127.0.0.2, {"cpu":"8"}\n',
    ],
    ['{..metadata.name}', '127.0.0.1 127.0.0.2'],
    ['{.items[*].metadata.name}', '127.0.0.1 127.0.0.2'],
    ['{.users[?(@.name=="e2e")].user.password}', 'secret'],
    ["{.items[*]['metadata.name', 'status.capacity']}", '127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"}'],
    ['{range .items[*]}[{.metadata.name}, {.status.capacity.cpu}] {end}', '[127.0.0.1, 4] [127.0.0.2, 8] '],
    ['{.items[0].metadata.labels.kubernetes\\.io/hostname}', '127.0.0.1'],
    ['{.items[1:].metadata.name}', '127.0.0.2'],
    ['{.items[-1:].metadata.name}', '127.0.0.2'],
    ['{.items[-1].metadata.name}', '127.0.0.2'],
    ['{.items[0,1].metadata.name}', '127.0.0.1 127.0.0.2'],
    ['{.items[*].status.addresses[?(@.type=="another")].address}{"\\n"}', '127.0.0.3\n'],
    [
      '{range .items[*]}{.metadata.name}{"\\t"}{range .status.addresses[*]}{.address},{end}{"\\n"}{end}',
      '127.0.0.1\t127.0.0.1,\n127.0.0.2\t127.0.0.2,127.0.0.3,\n',
    ],
    ['{.missing.field}', ''],
    ['{.users[?(@.user.username)].name}', 'e2e'],
  ])('%s', (template, out) => expect(evaluateJsonPath(template, data)).toBe(out))

  test.each([
    ['{.items[', 'unterminated array'],
    ['{.kind', 'unclosed action'],
    ['{.items[5]}', 'array index out of bounds: index 5, length 2'],
    ['{.items[?(@.x=="a"}', 'unterminated filter'],
    ['{end}', 'not in range, nothing to end'],
    ['{.items[a]}', 'invalid array index a'],
  ])('%s fails: %s', (template, message) => expect(() => evaluateJsonPath(template, data)).toThrow(message))

  test('--sort-by takes all spellings', () => {
    for (const path of ['.kind', 'kind', '{.kind}', '{kind}']) expect(findValues(relaxed(path), data)).toEqual(['List'])
  })
})

test('custom-columns', () => {
  const pods = [
    { metadata: { name: 'be' }, status: { qosClass: 'BestEffort' } },
    { metadata: { name: 'guaranteed' }, status: {} },
  ]
  expect(customColumns('NAME:.metadata.name,QOS:.status.qosClass', pods, true)).toBe(
    'NAME         QOS\nbe           BestEffort\nguaranteed   <none>\n',
  )
})

describe('yaml and json', () => {
  test('keys sorted, lists flush, strings quoted as kubectl does', () => {
    const pod = {
      metadata: { name: 'web', creationTimestamp: '2026-06-10T22:00:00Z', annotations: { a: '{"x":1}\n', b: 'true', n: '5', e: '' }, labels: {} },
      kind: 'Pod', apiVersion: 'v1',
      spec: { containers: [{ name: 'c', args: ['--flag', '-c', '*', '@x', 'a: b', 'echo "hi" # no', 'yes', '0x10', '1e3', '1.2.3'], ports: [] }], host10: 1, host2: 1 },
      status: null,
    } // prettier-ignore
    expect(yamlText(pod)).toBe(`apiVersion: v1
kind: Pod
metadata:
  annotations:
    a: |
      {"x":1}
    b: "true"
    e: ""
    "n": "5"
  creationTimestamp: "2026-06-10T22:00:00Z"
  labels: {}
  name: web
spec:
  containers:
  - args:
    - --flag
    - -c
    - '*'
    - '@x'
    - 'a: b'
    - 'echo "hi" # no'
    - "yes"
    - "0x10"
    - "1e3"
    - 1.2.3
    name: c
    ports: []
  host2: 1
  host10: 1
status: null
`)
  })

  test('a long string is folded after column 80', () => {
    const message =
      '0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/3 nodes are available'
    expect(yamlText({ message })).toBe(
      "message: '0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready:\n  }. preemption: 0/3 nodes are available'\n",
    )
  })

  test('json escapes as encoding/json', () => {
    expect(jsonText({ b: '<a&b>', a: [] }, 4)).toBe('{\n    "a": [],\n    "b": "\\u003ca\\u0026b\\u003e"\n}')
  })
})
