// Volumes and mounts (validation.go ValidateVolumes, ValidateVolumeMounts, ValidateVolumeDevices).

import { compareQuantities } from '../quantity.ts'
import type { Container, DownwardAPIFile, KeyToPath, Volume } from '../objects.ts'
import {
  child,
  duplicate,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  required,
  valueNotFound,
  type FieldError,
} from './field-errors.ts'
import { dnsLabelErrors } from './meta.ts'
import { isConfigMapKey } from './names.ts'

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]
const MAX_MODE = 0o777

/** Good volumes by name, and what is wrong with the others. */
export function volumeErrors(
  volumes: readonly Volume[] | undefined,
  path: string,
): { names: Map<string, Volume>; errors: FieldError[] } {
  const names = new Map<string, Volume>()
  const errors: FieldError[] = []
  volumes?.forEach((volume, i) => {
    const at = index(path, i)
    const own = sourceErrors(volume, at)
    if (!volume.name) own.push(required(child(at, 'name')))
    else own.push(...dnsLabelErrors(child(at, 'name'), volume.name))
    if (names.has(volume.name)) own.push(duplicate(child(at, 'name'), volume.name))
    if (own.length === 0) names.set(volume.name, volume)
    errors.push(...own)
  })
  return { names, errors }
}

function sourceErrors(volume: Volume, at: string): FieldError[] {
  const errors: FieldError[] = []
  const sources = Object.keys(volume).filter((k) => k !== 'name' && volume[k as keyof Volume] !== undefined)
  if (sources.length === 0) return [required(at, 'must specify a volume type')]
  for (const extra of sources.slice(1))
    errors.push(forbiddenField(child(at, extra), 'may not specify more than 1 volume type'))
  switch (sources[0]) {
    case 'emptyDir':
      if (volume.emptyDir?.sizeLimit !== undefined && compareQuantities(volume.emptyDir.sizeLimit, '0') < 0)
        errors.push(forbiddenField(`${at}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'))
      break
    case 'hostPath': {
      const { path = '', type = '' } = volume.hostPath!
      if (path === '') errors.push(required(`${at}.hostPath.path`))
      else {
        errors.push(...noBacksteps(`${at}.hostPath.path`, path))
        if (!HOST_PATH_TYPES.includes(type)) errors.push(notSupported(`${at}.hostPath.type`, type, HOST_PATH_TYPES))
      }
      break
    }
    case 'configMap':
      if (!volume.configMap?.name) errors.push(required(`${at}.configMap.name`))
      errors.push(...modeErrors(volume.configMap?.defaultMode, `${at}.configMap.defaultMode`))
      errors.push(...itemErrors(volume.configMap?.items, `${at}.configMap.items`))
      break
    case 'secret':
      if (!volume.secret?.secretName) errors.push(required(`${at}.secret.secretName`))
      errors.push(...modeErrors(volume.secret?.defaultMode, `${at}.secret.defaultMode`))
      errors.push(...itemErrors(volume.secret?.items, `${at}.secret.items`))
      break
    case 'downwardAPI':
      errors.push(...modeErrors(volume.downwardAPI?.defaultMode, `${at}.downwardAPI.defaultMode`))
      errors.push(...downwardErrors(volume.downwardAPI?.items, `${at}.downwardAPI`))
      break
    case 'projected':
      errors.push(...modeErrors(volume.projected?.defaultMode, `${at}.projected.defaultMode`))
      errors.push(...projectedErrors(volume, `${at}.projected`))
      break
    case 'persistentVolumeClaim':
      if (!volume.persistentVolumeClaim?.claimName) errors.push(required(`${at}.persistentVolumeClaim.claimName`))
      break
    case 'nfs':
      if (!volume.nfs?.server) errors.push(required(`${at}.nfs.server`))
      if (!volume.nfs?.path) errors.push(required(`${at}.nfs.path`))
      else if (!volume.nfs.path.startsWith('/'))
        errors.push(invalidValue(`${at}.nfs.path`, volume.nfs.path, 'must be an absolute path'))
      break
    case 'csi':
      if (!volume.csi?.driver) errors.push(required(`${at}.csi.driver`))
      break
    case 'ephemeral':
      if (!volume.ephemeral?.volumeClaimTemplate) errors.push(required(`${at}.ephemeral.volumeClaimTemplate`))
      break
    case 'image':
      if (!volume.image?.reference) errors.push(required(`${at}.image.reference`))
  }
  return errors
}

function modeErrors(mode: number | undefined, path: string): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > MAX_MODE)
    ? [invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : []
}

function itemErrors(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  items?.forEach((item, i) => {
    const at = index(path, i)
    if (!item.key) errors.push(required(child(at, 'key')))
    if (!item.path) errors.push(required(child(at, 'path')))
    else errors.push(...localPath(child(at, 'path'), item.path))
    errors.push(...modeErrors(item.mode, child(at, 'mode')))
  })
  return errors
}

const DOWNWARD_VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

function downwardErrors(items: readonly DownwardAPIFile[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const item of items ?? []) {
    if (!item.path) errors.push(required(child(path, 'path')))
    else errors.push(...localPath(child(path, 'path'), item.path))
    if (item.fieldRef) {
      const field = item.fieldRef.fieldPath ?? ''
      if (!DOWNWARD_VOLUME_FIELDS.includes(field) && !/^metadata\.(labels|annotations)\['.+'\]$/.test(field))
        errors.push(notSupported(`${path}.fieldRef.fieldPath`, field, DOWNWARD_VOLUME_FIELDS))
    } else if (!item.resourceFieldRef) errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
    errors.push(...modeErrors(item.mode, child(path, 'mode')))
  }
  return errors
}

function projectedErrors(volume: Volume, path: string): FieldError[] {
  const errors: FieldError[] = []
  const paths = new Set<string>()
  const note = (at: string, p: string): void => {
    if (paths.has(p)) errors.push(invalidValue(at, p, 'conflicting duplicate paths'))
    paths.add(p)
  }
  volume.projected?.sources?.forEach((source, i) => {
    const at = index(child(path, 'sources'), i)
    const given = Object.keys(source)
    if (given.length > 1) errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'))
    if (source.configMap && !source.configMap.name) errors.push(required(`${at}.configMap.name`))
    if (source.secret && !source.secret.name) errors.push(required(`${at}.secret.name`))
    for (const kind of ['configMap', 'secret'] as const)
      source[kind]?.items?.forEach((item) => note(`${path}.sources`, item.path))
    if (source.downwardAPI) errors.push(...downwardErrors(source.downwardAPI.items, `${at}.downwardAPI`))
    const token = source.serviceAccountToken
    if (token) {
      if (!token.path) errors.push(required(`${at}.serviceAccountToken.path`))
      else note(`${path}.sources`, token.path)
      const seconds = token.expirationSeconds ?? 3600
      if (seconds < 600)
        errors.push(
          invalidValue(
            `${at}.serviceAccountToken.expirationSeconds`,
            seconds,
            'may not specify a duration less than 10 minutes',
          ),
        )
    }
  })
  return errors
}

function noBacksteps(at: string, path: string): FieldError[] {
  return path.split('/').includes('..') ? [invalidValue(at, path, "must not contain '..'")] : []
}

function localPath(at: string, path: string): FieldError[] {
  if (path.startsWith('/')) return [invalidValue(at, path, 'must be a relative path')]
  return noBacksteps(at, path)
}

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']

export function mountErrors(container: Container, volumes: ReadonlyMap<string, Volume>, path: string): FieldError[] {
  const errors: FieldError[] = []
  const mounted = new Set<string>()
  const at = child(path, 'volumeMounts')
  container.volumeMounts?.forEach((mount, i) => {
    const here = index(at, i)
    if (!mount.name) errors.push(required(child(here, 'name')))
    if (!volumes.has(mount.name)) errors.push(valueNotFound(child(here, 'name'), mount.name ?? ''))
    if (!mount.mountPath) errors.push(required(child(here, 'mountPath')))
    if (mounted.has(mount.mountPath))
      errors.push(invalidValue(child(here, 'mountPath'), mount.mountPath, 'must be unique'))
    mounted.add(mount.mountPath)
    if (mount.subPath) errors.push(...localPath(child(at, 'subPath'), mount.subPath))
    if (mount.subPathExpr) {
      if (mount.subPath)
        errors.push(
          invalidValue(child(here, 'subPathExpr'), mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
        )
      errors.push(...localPath(child(at, 'subPathExpr'), mount.subPathExpr))
    }
    const propagation = mount.mountPropagation
    if (propagation !== undefined) {
      if (!PROPAGATIONS.includes(propagation))
        errors.push(notSupported(child(at, 'mountPropagation'), propagation, PROPAGATIONS))
      else if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true)
        errors.push(
          forbiddenField(
            child(at, 'mountPropagation'),
            'Bidirectional mount propagation is available only to privileged containers',
          ),
        )
    }
  })
  container.volumeDevices?.forEach((device, i) => {
    const here = index(child(path, 'volumeDevices'), i)
    const volume = volumes.get(device.name)
    if (!device.name) errors.push(required(child(here, 'name')))
    if (!volume) errors.push(valueNotFound(child(here, 'name'), device.name ?? ''))
    else if (!volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(
        invalidValue(
          child(here, 'name'),
          device.name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      )
    if (!device.devicePath) errors.push(required(child(here, 'devicePath')))
  })
  return errors
}

/** Data of a ConfigMap or a Secret. */
export function dataKeyErrors(data: Record<string, string> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name in data)
    for (const why of isConfigMapKey(name)) errors.push(invalidValue(`${path}[${name}]`, name, why))
  return errors
}
