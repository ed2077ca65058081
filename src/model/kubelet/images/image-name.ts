// Reading an image reference. Upstream: pkg/util/parsers/parsers.go (ParseImageName), pkg/apis/core/v1/defaults.go
// (SetDefaults_Container), distribution/reference (ParseDockerRef: docker.io/library in front, :latest behind).

export type ImageName = { registry: string; repository: string; tag: string; digest: string }

export function parseImageName(image: string): ImageName {
  const at = image.indexOf('@')
  const digest = at < 0 ? '' : image.slice(at + 1)
  let name = at < 0 ? image : image.slice(0, at)
  const slash = name.lastIndexOf('/')
  const colon = name.indexOf(':', slash + 1)
  let tag = ''
  if (colon >= 0) {
    tag = name.slice(colon + 1)
    name = name.slice(0, colon)
  }
  // "latest" only where neither a tag nor a digest is given.
  if (tag === '' && digest === '') tag = 'latest'
  const first = name.split('/')[0]!
  const hasRegistry = name.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost')
  const registry = hasRegistry ? first : 'docker.io'
  let repository = hasRegistry ? name.slice(first.length + 1) : name
  if (registry === 'docker.io' && !repository.includes('/')) repository = `library/${repository}`
  return { registry, repository, tag, digest }
}

/** Whether the name is well formed enough for a pull to be tried: lower-case repository, tag of the allowed letters. */
export function invalidImageName(image: string): string | undefined {
  const { repository, tag } = parseImageName(image)
  if (image === '' || /\s/.test(image)) return 'invalid reference format'
  if (/[A-Z]/.test(repository)) return 'invalid reference format: repository name must be lowercase'
  if (!/^[a-z0-9]+([._-]+[a-z0-9]+|\/[a-z0-9]+)*$/.test(repository)) return 'invalid reference format'
  if (tag !== '' && !/^[\w][\w.-]{0,127}$/.test(tag)) return 'invalid reference format'
  return undefined
}

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never'

/** The policy of a container that names none. */
export function defaultPullPolicy(image: string): PullPolicy {
  return parseImageName(image).tag === 'latest' ? 'Always' : 'IfNotPresent'
}
