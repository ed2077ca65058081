import type { ToolCall } from '../contract.ts'

/** The laptop's kubeconfig, as kubeadm writes admin.conf, with the secrets left out. */
export function kubeconfigText(namespace?: string): string {
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: DATA+OMITTED
    server: https://172.18.0.2:6443
  name: nodeglass
contexts:
- context:
    cluster: nodeglass
${namespace ? `    namespace: ${namespace}\n` : ''}    user: nodeglass-admin
  name: nodeglass
current-context: nodeglass
kind: Config
users:
- name: nodeglass-admin
  user:
    client-certificate-data: DATA+OMITTED
    client-key-data: DATA+OMITTED
`
}

export const KUBECONFIG_PATH = '/home/learner/.kube/config'
const ADMIN_CONF = '/etc/kubernetes/admin.conf'

/** On a node only the control plane has one, and it has to be named; a pod has none. */
export function hasKubeconfig(call: ToolCall): boolean {
  if (call.place.at === 'laptop') return true
  if (call.place.at === 'node' && call.place.node === 'control-plane') {
    return call.env.KUBECONFIG === ADMIN_CONF || call.argv.some((arg) => arg.includes(ADMIN_CONF))
  }
  return false
}

/** The namespace of the current context. */
export function currentNamespace(call: Pick<ToolCall, 'files' | 'place'>): string {
  if (call.place.at !== 'laptop') return 'default'
  const text = call.files.read(KUBECONFIG_PATH)
  return /^ {4}namespace: (\S+)$/m.exec(text ?? '')?.[1] ?? 'default'
}
