/** Any YAML that a person may write into kube-proxy's ConfigMap. */
import { parseDocument } from 'yaml'

/** What the text says, or the first complaint about it. */
export function fullYaml(text: string): { readonly value: unknown } | { readonly complaint: string } {
  const document = parseDocument(text, { merge: true })
  const wrong = document.errors[0]
  return wrong ? { complaint: wrong.message.split('\n')[0]! } : { value: document.toJS({ maxAliasCount: 20 }) }
}
