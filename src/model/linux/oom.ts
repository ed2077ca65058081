/** Memory: what a process holds, and the kill when its cgroup may hold no more. mm/memcontrol.c, mm/oom_kill.c. */
import type { ModelWorld, ProcessRecord } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { appendJournal } from './journal.ts'
import { addProcess, processOf } from './process-table.ts'
import { endProcess } from './processes.ts'

/** `kernel.grow`, NODE/proc -> kernel: the process has touched memory and would now be this large. */
export type GrowRequest = { pid: number; rss: number; containerId: string }

export function grow(world: ModelWorld, event: SimEvent<GrowRequest>): void {
  const node = placeOf(event.to)
  const { pid, rss, containerId } = event.data
  const process = processOf(world, node, pid)
  if (!process) return
  const limit = world.get('containers', containerId)?.resources.memoryLimitInBytes ?? 0
  if (limit > 0 && rss > limit) {
    world.because('LX2', { 'memory.max': limit, wanted: rss, comm: process.comm })
    journalKernel(world, { ...process, rss: limit })
    endProcess(world, process, 137, { signal: 'SIGKILL', oom: true })
  } else {
    addProcess(world, { ...process, rss })
  }
}

/** The kernel's words, as `journalctl -k` and `dmesg` show them. */
function journalKernel(world: ModelWorld, process: ProcessRecord): void {
  const { node, pid, comm, cgroup } = process
  const kb = Math.floor(process.rss / 1024)
  const adj = world.get('containers', process.containerId ?? '')?.resources.oomScoreAdj ?? 0
  const say = (text: string) => appendJournal(world, node, 'kernel', text)
  say(`${comm} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=${adj}`)
  say(`memory: usage ${kb}kB, limit ${kb}kB, failcnt 0`)
  say(
    `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${cgroup},task_memcg=${cgroup},task=${comm},pid=${pid},uid=0`,
  )
  say(
    `Memory cgroup out of memory: Killed process ${pid} (${comm}) total-vm:${kb + 1024}kB, anon-rss:${kb}kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:${Math.floor(kb / 256)}kB oom_score_adj:${adj}`,
  )
}
