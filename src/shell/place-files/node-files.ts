import { machineFiles } from '../../model/linux/machine-files.ts'
import type { Host } from '../process.ts'
import type { ViewFile, ViewTree } from '../overlay-files.ts'

/** A node's files that show the model's state. */
export function nodeViews(host: Host, node: string): ViewTree {
  const reader = host.reader()
  const files = new Map<string, ViewFile>()
  const put = (path: string, text: () => string) => files.set(path, { text })
  for (const [path, text] of machineFiles(reader, node)) put(path, text)
  const machine = reader.get('machines', node)
  put('/etc/hostname', () => `${node}\n`)
  if (machine) {
    put('/proc/version', () => `Linux version ${machine.kernelVersion}\n`)
    put('/proc/sys/kernel/random/boot_id', () => `${machine.bootID}\n`)
    put('/etc/machine-id', () => `${machine.machineID}\n`)
    put('/etc/os-release', () => `PRETTY_NAME="${machine.osImage}"\n`)
  }
  return { files, dirs: new Map([['/etc/kubernetes/manifests', {}]]) }
}
