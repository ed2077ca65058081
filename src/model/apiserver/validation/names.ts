// The formats of names and values, each with the text that the API server gives
// (staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go, api/validate/content).

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const KEY_MESSAGE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const CONFIG_KEY = '[-._a-zA-Z0-9]+'

const labelRegexp = new RegExp(`^${LABEL}$`)
const subdomainRegexp = new RegExp(`^${SUBDOMAIN}$`)
const keyRegexp = new RegExp(`^${KEY}$`)
const configKeyRegexp = new RegExp(`^${CONFIG_KEY}$`)

const maxChars = (n: number): string => `must be no more than ${n} characters`
const maxBytes = (n: number): string => `must be no more than ${n} bytes`

function regexError(message: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map((e) => `'${e}', `).join(' or ')
  return `${message} (${examples.length > 0 ? `e.g. ${shown}` : ''}regex used for validation is '${pattern}')`
}

export function isDns1123Label(value: string): string[] {
  const errors: string[] = []
  if (value.length > 63) errors.push(maxChars(63))
  if (!labelRegexp.test(value))
    errors.push(
      subdomainRegexp.test(value) ? 'must not contain dots' : regexError(LABEL_MESSAGE, LABEL, 'my-name', '123-abc'),
    )
  return errors
}

export function isDns1123Subdomain(value: string): string[] {
  const errors: string[] = []
  if (value.length > 253) errors.push(maxChars(253))
  if (!subdomainRegexp.test(value)) errors.push(regexError(SUBDOMAIN_MESSAGE, SUBDOMAIN, 'example.com'))
  return errors
}

export function isWildcardSubdomain(value: string): string[] {
  if (new RegExp(`^\\*\\.${SUBDOMAIN}$`).test(value)) return []
  return [
    regexError(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      `\\*\\.${SUBDOMAIN}`,
      '*.example.com',
    ),
  ]
}

const good = new Set<string>()

/** IsLabelKey: a name with an optional DNS prefix. The keys of a cluster are few: what is right is remembered. */
export function isQualifiedName(value: string): string[] {
  if (good.has(value)) return []
  const parts = value.split('/')
  const shown = regexError(KEY_MESSAGE, KEY, 'MyName', 'my.name', '123-abc')
  if (parts.length > 2)
    return [`a valid label key ${shown} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  const errors: string[] = []
  const name = parts[parts.length - 1]!
  if (parts.length === 2) {
    if (parts[0] === '') errors.push('prefix part must be non-empty')
    else for (const e of isDns1123Subdomain(parts[0]!)) errors.push(`prefix part ${e}`)
  }
  if (name === '') errors.push('name part must be non-empty')
  else if (name.length > 63) errors.push(`name part ${maxBytes(63)}`)
  if (!keyRegexp.test(name)) errors.push(`name part ${shown}`)
  if (errors.length === 0) {
    if (good.size > 5_000) good.clear()
    good.add(value)
  }
  return errors
}

export function isLabelValue(value: string): string[] {
  const errors: string[] = []
  if (value.length > 63) errors.push(maxBytes(63))
  if (value !== '' && !keyRegexp.test(value))
    errors.push(regexError(VALUE_MESSAGE, `(${KEY})?`, 'MyValue', 'my_value', '12345'))
  return errors
}

export function isConfigMapKey(value: string): string[] {
  const errors: string[] = []
  if (value.length > 253) errors.push(maxChars(253))
  if (!configKeyRegexp.test(value))
    errors.push(
      regexError(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    )
  if (value === '.') errors.push("must not be '.'")
  else if (value === '..') errors.push("must not be '..'")
  else if (value.startsWith('..')) errors.push("must not start with '..'")
  return errors
}

/** IsRelaxedEnvVarName, the rule since 1.34. */
export function isEnvVarName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty']
  for (const char of value) {
    const code = char.codePointAt(0)!
    if (code < 0x20 || code > 0x7e || char === '=')
      return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
  }
  return []
}

export const inRange = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`

export function isPortNumber(port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : [inRange(1, 65_535)]
}

export function isPortName(port: string): string[] {
  const errors: string[] = []
  if (port.length > 15) errors.push(maxChars(15))
  if (!/^[-a-z0-9]+$/.test(port)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(port)) errors.push('must contain at least one letter (a-z)')
  if (port.includes('--')) errors.push('must not contain consecutive hyphens')
  if (port !== '' && (port.startsWith('-') || port.endsWith('-'))) errors.push('must not begin or end with a hyphen')
  return errors
}

export function isPercent(value: string): string[] {
  if (/^[0-9]+%$/.test(value)) return []
  return [
    regexError("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%'),
  ]
}

export function isHttpHeaderName(value: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(value)) return []
  return [
    regexError("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', 'X-Header-Name'),
  ]
}

export function isIpv4(value: string): boolean {
  const parts = value.split('.')
  return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255)
}

export function isIpv6(value: string): boolean {
  if (!value.includes(':') || !/^[0-9a-fA-F:.]+$/.test(value)) return false
  let text = value
  const lastColon = text.lastIndexOf(':')
  if (text.includes('.')) {
    if (!isIpv4(text.slice(lastColon + 1))) return false
    text = text.slice(0, lastColon + 1) + '0:0'
  }
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((h) => (h === '' ? [] : h.split(':')))
  if (!groups.every((g) => /^[0-9a-fA-F]{1,4}$/.test(g))) return false
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8
}

export const IP_MESSAGE = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
export const CIDR_MESSAGE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

export const isIp = (value: string): boolean => isIpv4(value) || isIpv6(value)

export function isCidr(value: string): boolean {
  const [ip, bits, ...rest] = value.split('/')
  if (rest.length > 0 || bits === undefined || !/^\d{1,3}$/.test(bits)) return false
  return isIpv4(ip!) ? Number(bits) <= 32 : isIpv6(ip!) && Number(bits) <= 128
}

/** Names of objects: with `prefix` the trailing dash of a generateName is allowed. */
export type NameRule = (name: string) => string[]

export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? name.slice(0, -2) + 'a' : name
}

/** path segment rule of RBAC objects and of leases' relatives. */
export function isPathSegment(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  const bad = ['/', '%'].filter((c) => name.includes(c))
  return bad.map((c) => `may not contain '${c}'`)
}
