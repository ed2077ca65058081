import type { Toleration, TopologySpreadConstraint, Volume } from '../../../model/apiserver/objects.ts'
import { quantityValue } from '../../../model/apiserver/quantity.ts'
import { formatSelector } from '../printers/cells.ts'
import { writeList, type Writer } from './writer.ts'

export function writeVolumes(w: Writer, volumes: readonly Volume[] | undefined, space = ''): void {
  if (!volumes || volumes.length === 0) {
    w.line(0, `${space}Volumes:\t<none>`)
    return
  }
  w.line(0, `${space}Volumes:`)
  for (const volume of volumes) {
    w.line(1, `${space === '' ? '' : ' '}${volume.name}:`)
    for (const line of sourceLines(volume)) w.line(2, line)
  }
}

/** The lines of one volume; deeper ones carry their own indentation. */
function sourceLines(volume: Volume): string[] {
  if (volume.hostPath) {
    return [
      'Type:\tHostPath (bare host directory volume)',
      `Path:\t${volume.hostPath.path}`,
      `HostPathType:\t${volume.hostPath.type ?? '<none>'}`,
    ]
  }
  if (volume.emptyDir) {
    const { medium = '', sizeLimit } = volume.emptyDir
    const limit = sizeLimit !== undefined && quantityValue(sizeLimit) > 0 ? sizeLimit : '<unset>'
    return [
      "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
      `Medium:\t${medium}`,
      `SizeLimit:\t${limit}`,
    ]
  }
  if (volume.secret) {
    const { secretName, optional } = volume.secret
    return [
      'Type:\tSecret (a volume populated by a Secret)',
      `SecretName:\t${secretName ?? ''}`,
      `Optional:\t${optional ?? false}`,
    ]
  }
  if (volume.configMap) {
    const { name, optional } = volume.configMap
    return [
      'Type:\tConfigMap (a volume populated by a ConfigMap)',
      `Name:\t${name ?? ''}`,
      `Optional:\t${optional ?? false}`,
    ]
  }
  if (volume.projected) {
    const lines = ['Type:\tProjected (a volume that contains injected data from multiple sources)']
    for (const source of volume.projected.sources ?? []) {
      if (source.secret)
        lines.push(`SecretName:\t${source.secret.name ?? ''}`, `Optional:\t${source.secret.optional ?? false}`)
      else if (source.downwardAPI) lines.push('DownwardAPI:\ttrue')
      else if (source.configMap)
        lines.push(`ConfigMapName:\t${source.configMap.name ?? ''}`, `Optional:\t${source.configMap.optional ?? false}`)
      else if (source.serviceAccountToken)
        lines.push(`TokenExpirationSeconds:\t${source.serviceAccountToken.expirationSeconds ?? 3600}`)
    }
    return lines
  }
  if (volume.downwardAPI) {
    const items = (volume.downwardAPI.items ?? []).map(
      (item) => `  ${item.fieldRef?.fieldPath ?? item.resourceFieldRef?.resource} -> ${item.path}`,
    )
    return ['Type:\tDownwardAPI (a volume populated by information about the pod)', 'Items:', ...items]
  }
  if (volume.persistentVolumeClaim) {
    const { claimName, readOnly } = volume.persistentVolumeClaim
    return [
      'Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)',
      `ClaimName:\t${claimName}`,
      `ReadOnly:\t${readOnly ?? false}`,
    ]
  }
  if (volume.nfs) return ['Type:\tNFS (an NFS mount that lasts the lifetime of a pod)', `Server:\t${volume.nfs.server}`, `Path:\t${volume.nfs.path}`, `ReadOnly:\t${volume.nfs.readOnly ?? false}`] // prettier-ignore
  if (volume.csi)
    return ['Type:\tCSI (a Container Storage Interface (CSI) volume source)', `Driver:\t${volume.csi.driver}`]
  if (volume.image) return ['Type:\tImage (a container image or OCI artifact)', `Reference:\t${volume.image.reference ?? ''}`, `PullPolicy:\t${volume.image.pullPolicy ?? ''}`] // prettier-ignore
  return ['<unknown>']
}

export function writeTolerations(
  w: Writer,
  tolerations: readonly Toleration[] | undefined,
  title = 'Tolerations',
): void {
  const sorted = [...(tolerations ?? [])].sort((a, b) =>
    (a.key ?? '') < (b.key ?? '') ? -1 : (a.key ?? '') > (b.key ?? '') ? 1 : 0,
  )
  writeList(w, title, sorted.map(tolerationText))
}

function tolerationText({ key = '', value = '', effect = '', operator, tolerationSeconds }: Toleration): string {
  let text = `${key}${value === '' ? '' : `=${value}`}${effect === '' ? '' : `:${effect}`}`
  if (operator === 'Exists' && value === '') text += key !== '' || effect !== '' ? ' op=Exists' : 'op=Exists'
  return tolerationSeconds === undefined ? text : `${text} for ${tolerationSeconds}s`
}

export function writeSpread(
  w: Writer,
  constraints: readonly TopologySpreadConstraint[] | undefined,
  indent = '',
): void {
  if (!constraints || constraints.length === 0) return
  const sorted = [...constraints].sort((a, b) => (a.topologyKey < b.topologyKey ? -1 : 1))
  const text = (c: TopologySpreadConstraint) =>
    `${c.topologyKey}:${c.whenUnsatisfiable} when max skew ${c.maxSkew} is exceeded${c.labelSelector ? ` for selector ${formatSelector(c.labelSelector)}` : ''}`
  writeList(w, 'Topology Spread Constraints', sorted.map(text), indent)
}
