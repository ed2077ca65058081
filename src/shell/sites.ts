import type { Place } from '../tools/contract.ts'
import { kubeconfigText } from '../tools/kubectl/kubeconfig.ts'
import { createMemoryFiles, type Files } from './files.ts'
import { overlayFiles } from './overlay-files.ts'
import { containerViews } from './place-files/container-files.ts'
import { nodeViews } from './place-files/node-files.ts'
import type { Host, Site } from './process.ts'
import type { ShellState } from './state.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The places of one session. What is written in a place stays for the session; model views are read each time. */
export function createSites(host: Host, laptopFiles: Readonly<Record<string, string>>): (place: Place) => Site {
  const made = new Map<string, Site>()
  const now = () => host.reader().now
  // What decides which files there are. A write through a view makes its own tree anew.
  const stamp = () => {
    const reader = host.reader()
    return [
      reader.now,
      ...(['containers', 'processes', 'staticManifests', 'pods', 'ipReservations'] as const).map((table) =>
        reader.count(table),
      ),
    ].join(' ')
  }
  return (place) => {
    const key =
      place.at === 'laptop' ? 'laptop' : place.at === 'node' ? `node ${place.node}` : `container ${place.container}`
    let site = made.get(key)
    if (!site) {
      const { files, ...rest } = make(place)
      made.set(key, (site = { ...rest, files: withDevices(files) }))
    }
    return site
  }

  function make(place: Place): Site {
    if (place.at === 'laptop') {
      const initial: Record<string, string> = {
        '/home/learner/': '',
        '/home/learner/.kube/config': kubeconfigText(),
        '/tmp/': '',
        '/etc/hostname': 'laptop\n',
      }
      for (const [name, text] of Object.entries(laptopFiles))
        initial[name.startsWith('/') ? name : `/home/learner/${name}`] = text
      return {
        place,
        files: createMemoryFiles(initial, now),
        shellName: 'bash',
        home: '/home/learner',
        env: {
          USER: 'learner',
          HOME: '/home/learner',
          PATH,
          SHELL: '/bin/bash',
          TERM: 'xterm-256color',
          LANG: 'C.UTF-8',
          KUBECONFIG: '/home/learner/.kube/config',
        },
      }
    }
    if (place.at === 'node') {
      const base = createMemoryFiles({ '/root/': '', '/tmp/': '', '/var/tmp/': '' }, now)
      return {
        place,
        files: overlayFiles(base, () => nodeViews(host, place.node), now, stamp),
        shellName: '-bash',
        home: '/root',
        env: { USER: 'root', HOME: '/root', PATH, SHELL: '/bin/bash', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      }
    }
    const record = host.reader().get('containers', place.container)
    const base: Files = createMemoryFiles({ '/root/': '', '/tmp/': '', '/var/': '', '/bin/': '', '/usr/': '' }, now)
    return {
      place,
      files: overlayFiles(base, () => containerViews(host, place.node, place.container), now, stamp),
      shellName: 'sh',
      home: '/root',
      env: { PATH, HOME: '/root', ...Object.fromEntries((record?.envs ?? []).map((e) => [e.key, e.value])) },
    }
  }
}

/** `/dev/null` is everywhere. Files that never end are not: who reads one whole would never be done. */
function withDevices(files: Files): Files {
  const isNull = (path: string): boolean => path === '/dev/null'
  const isEndless = (path: string): boolean => /^\/dev\/(zero|random|urandom|full)$/.test(path)
  return {
    ...files,
    stat: (path) =>
      isNull(path) || isEndless(path)
        ? { ok: { kind: 'file', size: 0, modified: 0, mode: 'crw-rw-rw-' } }
        : files.stat(path),
    read: (path) => (isNull(path) ? { ok: '' } : isEndless(path) ? { error: 'EPERM' } : files.read(path)),
    write: (path, text) => (isNull(path) ? undefined : isEndless(path) ? 'EPERM' : files.write(path, text)),
    remove: (path) => (isNull(path) || isEndless(path) ? 'EPERM' : files.remove(path)),
  }
}

/** What stands before the cursor: it tells where one is. */
export function promptOf(site: Site, shell: ShellState): string {
  const cwd =
    shell.cwd === site.home
      ? '~'
      : shell.cwd.startsWith(`${site.home}/`) && site.home !== '/'
        ? `~${shell.cwd.slice(site.home.length)}`
        : shell.cwd
  if (site.place.at === 'laptop') return `learner@laptop:${cwd}$ `
  if (site.place.at === 'node') return `root@${site.place.node}:${cwd}# `
  return `${shell.cwd} # `
}
