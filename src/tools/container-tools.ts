import { lookUpImage, isMissing } from '../model/images/known-image.ts'
import { hasTool, isShell } from '../model/images/tools.ts'
import type { ModelReader } from '../model/tables.ts'

/** Whether the image of a container brings a program. What runs in an unknown image nobody knows: it gets a common set. */
export function imageHas(reader: ModelReader, container: string, program: string): boolean {
  const record = reader.get('containers', container)
  if (!record) return false
  const image = lookUpImage(record.image)
  const entry = isMissing(image) ? undefined : image.entry
  return isShell(program, entry) || hasTool(program, entry)
}
