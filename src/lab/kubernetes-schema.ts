/** Where the schema of Kubernetes lies, for the editor: fetched when the editor is first shown, never bundled. */
import docsUrl from '../model/apiserver/schema/docs.json?url'
import fieldsUrl from '../model/apiserver/schema/fields.json?url'

export interface PackedSchema {
  version: string
  /** `apps/v1 Deployment` -> name of its type. */
  kinds: Record<string, string>
  /** Type name -> `name!:type,...` as bin/make-schema.ts packs it. */
  types: Record<string, string>
}
/** Type name -> field name ('' the type itself) -> one paragraph. */
export type SchemaDocs = Record<string, Record<string, string>>

export async function loadSchema(): Promise<{ schema: PackedSchema; docs: SchemaDocs }> {
  const [schema, docs] = await Promise.all(
    [fetch(fieldsUrl), fetch(docsUrl)].map(async (r) => (await r).json() as unknown),
  )
  return { schema: schema as PackedSchema, docs: docs as SchemaDocs }
}
