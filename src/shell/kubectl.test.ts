import { describe, expect, test } from 'vitest'
import { createFilters } from './filters.ts'
import { runLines, type Mover } from './drive.ts'
import { createSession } from './session.ts'
import { apiserver } from '../model/apiserver/apiserver.ts'
import { garbageCollector } from '../model/apiserver/garbage.ts'
import { initialObjects } from '../model/apiserver/initial-objects.ts'
import type { KubeObject } from '../model/apiserver/objects.ts'
import type { MachineRecord, ModelComponent, Tables } from '../model/tables.ts'
import { Machine } from '../sim/machine.ts'
import { TOOLS } from '../tools/registry.ts'

/** An API server and the laptop; what a kubelet would report is put in by hand. */
function cluster(objects: readonly object[] = []) {
  const clients: ModelComponent = {
    roles: ['laptop', 'kubelet', 'scheduler', 'wire', 'controller-manager', 'boot'],
    handlers: {
      'api.response': () => {},
      'api.watch': () => {},
      'wire.lost': () => {},
      boot: (world) => {
        for (const name of ['control-plane', 'worker-1'])
          world.put('machines', name, { name, cable: true, ip: '172.18.0.2' } as MachineRecord)
      },
    },
    rules: [],
    tables: { machines: { owner: 'test' } },
  }
  const machine = new Machine<Tables>([apiserver, garbageCollector, clients], { seed: 7 })
  machine.input({ kind: 'boot', to: 'boot', data: {} })
  machine.input({
    kind: 'api.seed',
    to: 'apiserver',
    data: { objects: [...initialObjects(), ...objects] as KubeObject[] },
  })
  const settle = () => {
    for (let next = machine.nextAt(); next !== undefined && next <= machine.now; next = machine.nextAt()) machine.step()
  }
  settle()
  machine.idleUntil(1_000_000)
  const mover: Mover = {
    advance(waits) {
      const until = Math.min(...waits.map((w) => w.until ?? Infinity))
      const tables = new Set(waits.flatMap((w) => [...(w.tables ?? [])]))
      for (;;) {
        const next = machine.nextAt()
        if (next === undefined || next > until) {
          if (until === Infinity) return undefined
          machine.idleUntil(until)
          return new Set()
        }
        const changed = new Set(machine.step()!.changes.map((c) => c.table))
        if ([...changed].some((t) => tables.has(t)) || machine.now >= until) return changed
      }
    },
  }
  return async (script: string, files: Record<string, string> = {}) => {
    let out = ''
    let err = ''
    const session = createSession({
      host: {
        reader: () => machine.reader,
        give(inputs) {
          for (const input of inputs) machine.input(input)
          settle()
        },
        loadFilters: async () =>
          createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0]),
      },
      tools: TOOLS,
      files,
      write: (text, stream) => (stream === 'out' ? (out += text) : (err += text)),
    })
    const exit = await runLines(session, script, mover)
    return { out, err, exit }
  }
}

const WEB = `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
spec:
  containers:
  - name: c
    image: nginx
`

const running = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: { nodeName: 'worker-1', containers: [{ name: 'c', image: 'nginx' }] },
  status: {
    phase: 'Running',
    podIP: '10.244.1.5',
    podIPs: [{ ip: '10.244.1.5' }],
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'c',
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: '2026-06-10T22:00:00Z' } },
        lastState: {},
        image: 'nginx',
        imageID: '',
      },
    ],
  },
  ...more,
})

describe('kubectl get', () => {
  test('tables', async () => {
    const crashed = running('crash', {
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'c', ready: false, restartCount: 3, image: 'nginx', imageID: '',
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, finishedAt: '2026-06-10T21:59:08Z' } },
          },
        ],
      },
    }) // prettier-ignore
    const sh = cluster([running('web'), crashed])
    expect((await sh('kubectl get pods')).out).toBe(
      'NAME    READY   STATUS             RESTARTS      AGE\n' +
        'crash   0/1     CrashLoopBackOff   3 (53s ago)   1s\n' +
        'web     1/1     Running            0             1s\n',
    )
    expect((await sh('k get po web -o wide')).out).toBe(
      'NAME   READY   STATUS    RESTARTS   AGE   IP           NODE       NOMINATED NODE   READINESS GATES\n' +
        'web    1/1     Running   0          1s    10.244.1.5   worker-1   <none>           <none>\n',
    )
    expect((await sh('kubectl get pod,svc -l app=web')).out).toBe(
      'NAME   READY   STATUS    RESTARTS   AGE\nweb    1/1     Running   0          1s\n',
    )
    expect((await sh('kubectl get pod/web svc/kubernetes')).out).toBe(
      'NAME      READY   STATUS    RESTARTS   AGE\n' +
        'pod/web   1/1     Running   0          1s\n' +
        '\n' +
        'NAME                 TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n' +
        'service/kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   1s\n',
    )
    expect((await sh('kubectl get pods -o jsonpath=\'{range .items[*]}{.metadata.name}{"\\n"}{end}\'')).out).toBe(
      'crash\nweb\n',
    )
    expect((await sh('kubectl get pods -o custom-columns=N:.metadata.name,IP:.status.podIP --no-headers')).out).toBe(
      'crash   <none>\nweb     10.244.1.5\n',
    )
    expect((await sh('kubectl get pods -o name')).out).toBe('pod/crash\npod/web\n')
    expect((await sh('kubectl get pods -A --show-labels -l app=web')).out).toBe(
      'NAMESPACE   NAME   READY   STATUS    RESTARTS   AGE   LABELS\ndefault     web    1/1     Running   0          1s    app=web\n',
    )
  })

  test('what is not there', async () => {
    const sh = cluster()
    expect(await sh('kubectl get pods')).toEqual({
      out: '',
      err: 'No resources found in default namespace.\n',
      exit: 0,
    })
    expect(await sh('kubectl get pod x')).toEqual({
      out: '',
      err: 'Error from server (NotFound): pods "x" not found\n',
      exit: 1,
    })
    expect(await sh('kubectl get widgets')).toEqual({
      out: '',
      err: 'error: the server doesn\'t have a resource type "widgets"\n',
      exit: 1,
    })
    expect((await sh('kubectl get pods --foo')).err).toBe(
      "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n",
    )
    expect((await sh('kubectl get pods -o foo')).err).toContain(
      'error: unable to match a printer suitable for the output format "foo"',
    )
    expect((await sh('kubectl gte pods')).err).toBe(
      'error: unknown command "gte" for "kubectl"\n\nDid you mean this?\n\tget\n',
    )
  })

  test('-w prints the list and then each change', async () => {
    const sh = cluster([running('web')])
    const { out } = await sh('kubectl get pods -w | head -3 &\nsleep 1\nkubectl apply -f web2.yaml\nwait', {
      'web2.yaml': WEB.replaceAll('web', 'longer-name'),
    })
    expect(out).toBe(
      'NAME   READY   STATUS    RESTARTS   AGE\n' +
        'web    1/1     Running   0          1s\n' +
        'pod/longer-name created\n' +
        'longer-name   0/1     Pending   0          0s\n',
    )
  })
})

describe('kubectl apply and delete', () => {
  test('created, unchanged, configured, deleted', async () => {
    const sh = cluster()
    const files = { 'web.yaml': WEB }
    expect(await sh('kubectl apply -f web.yaml', files)).toEqual({ out: 'pod/web created\n', err: '', exit: 0 })
    expect((await sh('kubectl apply -f web.yaml', files)).out).toBe('pod/web unchanged\n')
    expect((await sh('sed s/nginx/httpd/ web.yaml | kubectl apply -f -', files)).out).toBe('pod/web configured\n')
    expect((await sh("kubectl get pod web -o jsonpath='{.spec.containers[0].image}'")).out).toBe('httpd')
    expect(await sh('kubectl delete pod web')).toEqual({
      out: 'pod "web" deleted from default namespace\n',
      err: '',
      exit: 0,
    })
    expect((await sh('kubectl delete pod web')).err).toBe('Error from server (NotFound): pods "web" not found\n')
    expect(await sh('kubectl delete pod web --ignore-not-found')).toEqual({ out: '', err: '', exit: 0 })
  })

  test('a namespace and what goes into it, in one file', async () => {
    const sh = cluster()
    const two =
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: lab}\ndata: {a: b}\n'
    expect((await sh('kubectl apply -f two.yaml', { 'two.yaml': two })).out).toBe(
      'namespace/lab created\nconfigmap/c created\n',
    )
  })

  test('bad input, in the real words', async () => {
    const sh = cluster()
    expect((await sh('kubectl apply -f none.yaml')).err).toBe('error: the path "none.yaml" does not exist\n')
    expect(
      (await sh('kubectl apply -f a.yaml', { 'a.yaml': 'apiVersion: v1\nkind: Widget\nmetadata: {name: x}\n' })).err,
    ).toBe(
      'error: resource mapping not found for name: "x" namespace: "" from "a.yaml": no matches for kind "Widget" in version "v1"\nensure CRDs are installed first\n',
    )
    const typo = WEB.replace('image: nginx', 'img: nginx')
    expect((await sh('kubectl apply -f a.yaml', { 'a.yaml': typo })).err).toBe(
      'Error from server (BadRequest): error when creating "a.yaml": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].img"\n',
    )
    const noImage = WEB.replace('    image: nginx\n', '')
    expect(await sh('kubectl apply -f a.yaml', { 'a.yaml': noImage })).toEqual({
      out: '',
      err: 'The Pod "web" is invalid: spec.containers[0].image: Required value\n',
      exit: 1,
    })
  })
})
