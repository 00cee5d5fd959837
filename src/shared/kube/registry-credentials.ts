import { parseImageReference } from './image-reference.ts'

/** What an engine gives a registry; one of the two ways to sign in. */
export interface RegistryAuth {
  username?: string
  password?: string
  identitytoken?: string
  serveraddress: string
}

export interface DockerConfigEntry {
  username?: string
  password?: string
  /** Base64 of `username:password`. */
  auth?: string
  identitytoken?: string
}

/** Entries of a Docker configuration file, by registry: `{"auths":{…}}`, or the older form without that level. @throws Error */
export function parseDockerConfig(text: string): Map<string, DockerConfigEntry> {
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw new Error('not a Docker configuration')
  const auths = (document as { auths?: unknown }).auths ?? document
  if (typeof auths !== 'object' || auths === null) throw new Error('not a Docker configuration')
  return new Map(
    Object.entries(auths as Record<string, unknown>).flatMap(([key, entry]) =>
      typeof entry === 'object' && entry !== null ? [[key, entry as DockerConfigEntry] as const] : [],
    ),
  )
}

/**
 * The entries that apply to an image, the most specific first (pkg/credentialprovider: keyring). A key names a registry, with
 * or without a path that the repository must begin with; `*` stands for one part of the host's name.
 */
export function credentialsFor(image: string, entries: Iterable<readonly [string, DockerConfigEntry]>): RegistryAuth[] {
  const { domain, path } = parseImageReference(image)
  return [...entries]
    .map(([key, entry]) => ({ ...keyParts(key), entry }))
    .filter(({ host, prefix }) => matchesHost(host, domain) && isBelow(prefix, path))
    .sort((a, b) => b.prefix.length - a.prefix.length || b.host.localeCompare(a.host))
    .flatMap(({ entry }) => authOf(entry, domain))
}

/** `https://index.docker.io/v1/` is Docker Hub. */
function keyParts(key: string): { host: string; prefix: string } {
  const bare = key.replace(/^https?:\/\//, '')
  const [host = '', ...rest] = bare.split('/')
  const prefix = rest.join('/').replace(/\/+$/, '')
  if (host === 'index.docker.io' || host === 'registry-1.docker.io') return { host: 'docker.io', prefix: '' }
  return { host, prefix: /^v[12]$/.test(prefix) ? '' : prefix }
}

function matchesHost(pattern: string, host: string): boolean {
  if (!pattern.includes('*')) return pattern === host
  const [wanted = '', wantedPort] = pattern.split(':')
  const [given = '', givenPort] = host.split(':')
  if (wantedPort !== givenPort) return false
  const parts = wanted.split('.')
  const own = given.split('.')
  return parts.length === own.length && parts.every((part, index) => matchesPart(part, own[index] ?? ''))
}

function matchesPart(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  const tail = rest.at(-1) ?? ''
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false
  let at = head.length
  for (const piece of rest.slice(0, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > text.length - tail.length) return false
    at = found + piece.length
  }
  return true
}

const isBelow = (prefix: string, path: string): boolean =>
  prefix === '' || path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)

function authOf({ username, password, auth, identitytoken }: DockerConfigEntry, serveraddress: string): RegistryAuth[] {
  if (identitytoken) return [{ identitytoken, serveraddress }]
  if (username) return [{ username, password: password ?? '', serveraddress }]
  if (!auth) return []
  const text = decoded(auth).replace(/\0+$/, '')
  const colon = text.indexOf(':')
  return colon > 0 ? [{ username: text.slice(0, colon), password: text.slice(colon + 1), serveraddress }] : []
}

/** Empty for what is not base64. */
function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
  } catch {
    return ''
  }
}
