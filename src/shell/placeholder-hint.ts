import type { ModelReader } from '../model/tables.ts'

/** `<node-name>` typed as it stands in a text: what to put there, from what there is. */
export function placeholderHint(name: string, line: string, reader: ModelReader): string {
  const what = `${name} ${line}`.toLowerCase()
  const namespaced = (objects: readonly { metadata: { name?: string; namespace?: string } }[]) =>
    (objects.find((object) => object.metadata.namespace === 'default') ?? objects[0])?.metadata.name
  let example: string | undefined
  if (/node/.test(name.toLowerCase()))
    example = reader.all('machines').find((machine) => machine.role === 'worker')?.name
  else if (/container|ctr/.test(name.toLowerCase()))
    example = reader
      .all('containers')
      .find((c) => c.state === 'CONTAINER_RUNNING')
      ?.id.slice(0, 13)
  else if (/pod\b|pods?[ -]|pod$/.test(what)) example = namespaced(reader.all('pods'))
  else if (/svc|service/.test(what)) example = namespaced(reader.all('services'))
  else if (/deploy/.test(what)) example = namespaced(reader.all('deployments'))
  else if (/image/.test(what)) example = 'nginx'
  const tail = example === undefined ? '' : `, for example ${example}`
  return `<${name}> is a placeholder: put a real name there, without the angle brackets${tail}\n`
}
