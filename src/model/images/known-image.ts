/**
 * What the registries of the lab answer for an image name: an image of the catalogue, an image whose programs the lab
 * does not know (it runs as a sleeper and says so), or the refusal that a real registry gives.
 */
import { parseImageName } from '../kubelet/images/image-name.ts'
import { CATALOGUE, type CatalogueImage } from './catalogue.ts'
import { hexOf, sha256Of } from './digest.ts'
import { isOfficialImage } from './official-images.ts'

export type KnownImage = {
  /** `docker.io/library/nginx:1.27`, the name in full. */
  ref: string
  repository: string
  tag: string
  /** Digest of the manifest: what `image@sha256:...` names. */
  digest: string
  /** Digest of the configuration: the image id. */
  id: string
  layers: readonly { digest: string; size: number }[]
  size: number
  /** Undefined: the lab does not know what runs in it. */
  entry: CatalogueImage | undefined
}

export type NoImage = { missing: 'tag' | 'repository' | 'host'; ref: string }

const byRepository = new Map(CATALOGUE.map((entry) => [entry.repository, entry]))
const memo = new Map<string, KnownImage | NoImage>()

/** Docker Hub's repository for a mirror or an old registry name of the same image. */
function catalogueEntry(repository: string): CatalogueImage | undefined {
  const found = byRepository.get(repository)
  if (found) return found
  const official =
    /^(?:public\.ecr\.aws\/docker\/library|mirror\.gcr\.io\/library|quay\.io\/library|k8s\.gcr\.io|gcr\.io\/google-containers)\/([a-z0-9-]+)$/.exec(
      repository,
    )
  if (official)
    return byRepository.get(`docker.io/library/${official[1]}`) ?? byRepository.get(`registry.k8s.io/${official[1]}`)
  if (repository === 'quay.io/curl/curl') return byRepository.get('docker.io/curlimages/curl')
  return undefined
}

export function isMissing(image: KnownImage | NoImage): image is NoImage {
  return 'missing' in image
}

/** `registry/repository` in full and the reference with its tag or digest (distribution/reference ParseDockerRef). */
export function fullName(image: string): { repository: string; ref: string; tag: string; digest: string } {
  const { registry, repository, tag, digest } = parseImageName(image)
  const full = `${registry}/${repository}`
  return { repository: full, ref: full + (digest ? `@${digest}` : `:${tag}`), tag, digest }
}

/**
 * Whether an image exists cannot be known offline. So: a repository of the catalogue has the tags it lists; another
 * repository exists unless it is an official image of Docker Hub that is not, or its name says that it does not exist.
 */
export function lookUpImage(image: string): KnownImage | NoImage {
  const known = memo.get(image)
  if (known) return known
  if (memo.size > 5_000) memo.clear()
  const found = find(image)
  memo.set(image, found)
  return found
}

const SAYS_MISSING = /(non-?exist|not-?exist|no-?such|does-?not|not-?found|invalid|missing|typo)/

function find(image: string): KnownImage | NoImage {
  const { repository, ref, tag, digest } = fullName(image)
  const host = repository.slice(0, repository.indexOf('/'))
  const entry = catalogueEntry(repository)
  if (!entry) {
    if (/(^|\.)(example|invalid|test|localhost)(\.(com|org|net))?(:\d+)?$/.test(host)) return { missing: 'host', ref }
    if (repository.startsWith('docker.io/library/') && !isOfficialImage(repository.slice(18)))
      return { missing: 'repository', ref }
    if (SAYS_MISSING.test(repository)) return { missing: 'repository', ref }
    if (SAYS_MISSING.test(tag)) return { missing: 'tag', ref }
  } else if (digest === '' && !entry.tags.test(tag)) return { missing: 'tag', ref }
  // Layers of one repository are shared by its tags, except the last two: that is how a second tag pulls faster.
  const kilobytes = entry?.layersKB ?? unknownLayers(repository)
  const layers = kilobytes.map((kb, i) => ({
    digest: sha256Of(i < kilobytes.length - 2 ? `layer ${i} ${kb}` : `layer ${i} ${kb} ${repository} ${tag}${digest}`),
    size: kb * 1000 + (parseInt(hexOf(`size ${repository} ${i}`, 3), 16) % 1000),
  }))
  return {
    ref,
    repository,
    tag,
    digest: digest || sha256Of(`manifest ${ref}`),
    id: sha256Of(`config ${repository} ${tag || digest}`),
    layers,
    size: layers.reduce((sum, layer) => sum + layer.size, 0),
    entry,
  }
}

/** Some tens of megabytes in a few layers, the same for the same name. */
function unknownLayers(repository: string): number[] {
  const draw = (what: string, below: number) => parseInt(hexOf(`${what} ${repository}`, 6), 16) % below
  return [28_228, 2_000 + draw('runtime', 30_000), 500 + draw('dependencies', 12_000), 40 + draw('program', 4_000)]
}

/** The name of a tag's image by its id, for what stores ids. */
export const repoDigest = (image: Pick<KnownImage, 'repository' | 'digest'>): string =>
  `${image.repository}@${image.digest}`

/**
 * What a person should know before running the image; undefined where the lab runs it as it is.
 */
export function imageNote(image: string): string | undefined {
  const found = lookUpImage(image)
  if (isMissing(found)) return `${found.ref}: the registry of the lab does not have it; the pull will fail`
  if (!found.entry)
    return `${found.ref}: the lab does not know what this image runs; its container will only sleep (behaviour: unknown)`
  return undefined
}
