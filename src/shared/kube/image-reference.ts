/**
 * Image references, parsed everywhere by one grammar: that of `distribution/reference`, which Kubernetes uses. A text
 * that does not parse never reaches an engine or a registry.
 */
export interface ImageReference {
  /** Host of the registry, with its port: `docker.io`. */
  domain: string
  /** Repository in that registry: `library/busybox`. */
  path: string
  tag?: string
  /** `sha256:…` */
  digest?: string
}

/** The text is not an image reference; the message is that of `distribution/reference`. */
export class InvalidImageReference extends Error {}

const alphanumeric = '[a-z0-9]+'
const separator = '(?:[._]|__|[-]+)'
const pathComponent = `${alphanumeric}(?:${separator}${alphanumeric})*`
const path = `${pathComponent}(?:/${pathComponent})*`
const hostComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${hostComponent}(?:[.]${hostComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}'
const digestAlgorithm = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*'
const digest = `${digestAlgorithm}:[0-9a-fA-F]{32,}`
const pattern = new RegExp(`^(${domain})/(${path})(?::(${tag}))?(?:@(${digest}))?$`)
const withoutDomain = new RegExp(`^(?:${domain}/)?${path}(?::${tag})?(?:@${digest})?$`)

const longestPath = 255
/** Well above the longest valid one; longer texts are not matched at all. */
const longestText = 4_096
/** Number of hex digits of each supported digest. */
const digestLengths: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 }

const defaultDomain = 'docker.io'

/** @throws InvalidImageReference */
export function parseImageReference(text: string): ImageReference {
  if (/^[a-f0-9]{64}$/.test(text))
    throw new InvalidImageReference(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  const { host, remainder } = splitDomain(text)
  const colon = remainder.indexOf(':')
  const remote = colon < 0 ? remainder : remainder.slice(0, colon)
  if (remote.toLowerCase() !== remote)
    throw new InvalidImageReference(`invalid reference format: repository name (${remote}) must be lowercase`)
  const whole = `${host}/${remainder}`
  const match = whole.length > longestText ? null : pattern.exec(whole)
  if (!match)
    throw new InvalidImageReference(
      whole.length <= longestText && withoutDomain.test(whole.toLowerCase())
        ? 'repository name must be lowercase'
        : 'invalid reference format',
    )
  const [, foundDomain = '', foundPath = '', foundTag, foundDigest] = match
  if (foundPath.length > longestPath)
    throw new InvalidImageReference(`repository name must not be more than ${longestPath} characters`)
  if (foundDigest !== undefined) checkDigest(foundDigest)
  return {
    domain: foundDomain,
    path: foundPath,
    ...(foundTag === undefined ? {} : { tag: foundTag }),
    ...(foundDigest === undefined ? {} : { digest: foundDigest }),
  }
}

/** Parses a reference; undefined when the text is invalid. */
export function readImageReference(text: string): ImageReference | undefined {
  try {
    return parseImageReference(text)
  } catch {
    return undefined
  }
}

/**
 * The full reference: `docker.io/library/busybox:latest`. Except `/`, its characters need no escaping in a path
 * segment.
 */
export const formatImageReference = ({ domain: host, path: name, tag: version, digest: sum }: ImageReference): string =>
  `${host}/${name}${version === undefined ? '' : `:${version}`}${sum === undefined ? '' : `@${sum}`}`

/** A reference in paths of the engine's API: slashes separate segments, everything else is escaped. */
export const imagePath = (text: string): string => text.split('/').map(encodeURIComponent).join('/')

/** A reference with neither tag nor digest means `latest`. */
export const withDefaultTag = (reference: ImageReference): ImageReference =>
  reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference

/**
 * The text with `:latest` added when it has neither tag nor digest, as the kubelet passes it to an engine. @throws
 * InvalidImageReference
 */
export function taggedImage(text: string): string {
  const { tag: version, digest: sum } = parseImageReference(text)
  return version === undefined && sum === undefined ? `${text}:latest` : text
}

/** `docker.io/library/busybox:1.36` of any way to write it; a text that is no reference stays as it is. */
export function fullImageName(text: string): string {
  const reference = readImageReference(text)
  return reference ? formatImageReference(withDefaultTag(reference)) : text
}

/**
 * Whether an image's default pull policy is `Always`: its tag is `latest`, explicit or implied, even with a digest. A
 * digest alone or an invalid reference is `IfNotPresent` (SetDefaults_Container of Kubernetes).
 */
export function isLatest(text: string): boolean {
  const reference = readImageReference(text)
  return reference !== undefined && withDefaultTag(reference).tag === 'latest'
}

/** The part before the first slash is a registry if it looks like a host; otherwise the whole is a Docker Hub name. */
function splitDomain(text: string): { host: string; remainder: string } {
  const slash = text.indexOf('/')
  const first = slash < 0 ? '' : text.slice(0, slash)
  const isHost = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first
  const host = !isHost || first === 'index.docker.io' ? defaultDomain : first
  const remainder = isHost ? text.slice(slash + 1) : text
  return { host, remainder: host === defaultDomain && !remainder.includes('/') ? `library/${remainder}` : remainder }
}

/** @throws InvalidImageReference */
function checkDigest(text: string): void {
  const colon = text.indexOf(':')
  const length = Object.hasOwn(digestLengths, text.slice(0, colon)) ? digestLengths[text.slice(0, colon)] : undefined
  const hex = text.slice(colon + 1)
  if (length === undefined) throw new InvalidImageReference('unsupported digest algorithm')
  if (hex.length !== length) throw new InvalidImageReference('invalid checksum digest length')
  if (!/^[a-f0-9]+$/.test(hex)) throw new InvalidImageReference('invalid checksum digest format')
}
