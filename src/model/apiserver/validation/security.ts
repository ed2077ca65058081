// Security contexts (validation.go ValidateSecurityContext, validatePodSpecSecurityContext, validateSysctls).

import type { PodSpec, SecurityContext } from '../objects.ts'
import { child, duplicate, index, invalidValue, notSupported, required, type FieldError } from './field-errors.ts'
import { inRange } from './names.ts'

const MAX_ID = 2_147_483_647
const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined']

function idErrors(id: number | undefined, path: string): FieldError[] {
  return id !== undefined && (id < 0 || id > MAX_ID) ? [invalidValue(path, id, inRange(0, MAX_ID))] : []
}

type Profile = { type: string; localhostProfile?: string } | undefined

function profileErrors(profile: Profile, path: string, what: 'seccomp' | 'AppArmor'): FieldError[] {
  if (!profile) return []
  const field = what === 'seccomp' ? 'seccompProfile' : 'appArmorProfile'
  if (!profile.type) return [required(child(path, 'type'), `type is required when ${field} is set`)]
  if (!PROFILES.includes(profile.type)) return [notSupported(child(path, 'type'), profile.type, PROFILES)]
  const local = profile.localhostProfile
  if (profile.type === 'Localhost' && local === undefined)
    return [required(child(path, 'localhostProfile'), `must be set when ${what} type is Localhost`)]
  if (profile.type !== 'Localhost' && local !== undefined)
    return [invalidValue(child(path, 'localhostProfile'), profile, `can only be set when ${what} type is Localhost`)]
  return []
}

export function securityContextErrors(sc: SecurityContext | undefined, path: string, hostUsers: boolean): FieldError[] {
  if (!sc) return []
  const errors = [
    ...idErrors(sc.runAsUser, child(path, 'runAsUser')),
    ...idErrors(sc.runAsGroup, child(path, 'runAsGroup')),
  ]
  if (sc.procMount !== undefined) {
    if (sc.procMount !== 'Default' && sc.procMount !== 'Unmasked')
      errors.push(notSupported(child(path, 'procMount'), sc.procMount, ['Default', 'Unmasked']))
    if (hostUsers && sc.procMount === 'Unmasked')
      errors.push(invalidValue(child(path, 'procMount'), sc.procMount, '`hostUsers` must be false to use `Unmasked`'))
  }
  errors.push(...profileErrors(sc.seccompProfile, child(path, 'seccompProfile'), 'seccomp'))
  errors.push(...profileErrors(sc.appArmorProfile, child(path, 'appArmorProfile'), 'AppArmor'))
  if (sc.allowPrivilegeEscalation === false) {
    if (sc.privileged)
      errors.push(invalidValue(path, sc, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
    if (sc.capabilities?.add?.includes('CAP_SYS_ADMIN'))
      errors.push(
        invalidValue(path, sc, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'),
      )
  }
  return errors
}

const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`
const sysctlRegexp = new RegExp(SYSCTL)

export function podSecurityErrors(spec: PodSpec, path: string): FieldError[] {
  const sc = spec.securityContext
  if (!sc) return []
  const at = child(path, 'securityContext')
  const errors = [
    ...idErrors(sc.fsGroup, child(at, 'fsGroup')),
    ...idErrors(sc.runAsUser, child(at, 'runAsUser')),
    ...idErrors(sc.runAsGroup, child(at, 'runAsGroup')),
  ]
  sc.supplementalGroups?.forEach((id, i) => errors.push(...idErrors(id, index(child(at, 'supplementalGroups'), i))))
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(
      invalidValue(
        child(at, 'shareProcessNamespace'),
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    )
  const names = new Set<string>()
  sc.sysctls?.forEach((s, i) => {
    const here = child(index(child(at, 'sysctls'), i), 'name')
    if (!s.name) errors.push(required(here))
    else if (s.name.length > 253 || !sysctlRegexp.test(s.name))
      errors.push(invalidValue(here, s.name, `must have at most 253 characters and match regex ${SYSCTL}`))
    else if (names.has(s.name)) errors.push(duplicate(here, s.name))
    names.add(s.name)
    if (spec.hostNetwork && /^net[./]/.test(s.name ?? ''))
      errors.push(invalidValue(here, s.name, "may not be specified when 'hostNetwork' is true"))
    if (spec.hostIPC && /^(kernel[./](shm|msg|sem)|fs[./]mqueue)/.test(s.name ?? ''))
      errors.push(invalidValue(here, s.name, "may not be specified when 'hostIPC' is true"))
  })
  const policy = sc.fsGroupChangePolicy
  if (policy !== undefined && policy !== 'Always' && policy !== 'OnRootMismatch')
    errors.push(notSupported(child(at, 'fsGroupChangePolicy'), policy, ['Always', 'OnRootMismatch']))
  errors.push(...profileErrors(sc.seccompProfile, child(at, 'seccompProfile'), 'seccomp'))
  return errors
}
