/** The kernel of a machine as far as namespaces, links, routes, processes and memory go. Packets: linux/net. */
import type { ModelComponent } from '../tables.ts'
import { addrAdd, linkAdd, linkDel, linkSet, netnsAdd, netnsDel } from './links.ts'
import { listen, unlisten } from './listeners.ts'
import { grow } from './oom.ts'
import { clone, execve, exitGroup, kill } from './processes.ts'
import { powerLost, whilePowered } from './power.ts'
import { routeAdd, routeDel } from './routes.ts'
import { setSysctls } from './sysctls.ts'

export const kernel: ModelComponent = {
  roles: ['kernel'],
  rules: [
    {
      id: 'LX1',
      says: 'SIGKILL cannot be caught: the process is gone at once, with exit code 128 + 9.',
      source: 'linux kernel/signal.c complete_signal',
    },
    {
      id: 'LX2',
      says: 'A cgroup that may hold no more memory has a process of its own killed: exit code 137, reason OOMKilled.',
      source: 'linux mm/memcontrol.c mem_cgroup_out_of_memory',
    },
    {
      id: 'LX3',
      says: 'One port of a network namespace is held by one socket: a second bind fails with EADDRINUSE.',
      source: 'linux net/ipv4/inet_connection_sock.c inet_csk_get_port',
    },
  ],
  tables: {
    netns: { owner: 'linux', indexes: { node: (r) => r.node } },
    links: { owner: 'linux', indexes: { node: (r) => r.node, netns: (r) => `${r.node}|${r.netns}` } },
    routes: { owner: 'linux', indexes: { node: (r) => r.node, netns: (r) => `${r.node}|${r.netns}` } },
    processes: { owner: 'linux', indexes: { node: (r) => r.node, container: (r) => r.containerId } },
    listeners: { owner: 'linux', indexes: { node: (r) => r.node, netns: (r) => `${r.node}|${r.netns}` } },
    journal: { owner: 'linux', indexes: { unit: (r) => `${r.node}|${r.unit}` } },
    units: { owner: 'linux', indexes: { node: (r) => r.node } },
  },
  handlers: whilePowered({
    'machine.off': powerLost,
    'machine.on': () => {},
    'kernel.netns-add': netnsAdd,
    'kernel.netns-del': netnsDel,
    'kernel.link-add': linkAdd,
    'kernel.link-del': linkDel,
    'kernel.link-set': linkSet,
    'kernel.addr-add': addrAdd,
    'kernel.route-add': routeAdd,
    'kernel.route-del': routeDel,
    'kernel.clone': clone,
    'kernel.execve': execve,
    'kernel.kill': kill,
    'kernel.exit-group': exitGroup,
    'kernel.listen': listen,
    'kernel.unlisten': unlisten,
    'kernel.grow': grow,
    'kernel.sysctl': setSysctls,
  }),
}
