import {
  formatImageReference,
  parseImageReference,
  readImageReference,
  type ImageReference,
} from './image-reference.ts'

/** Mirrors by the registry whose images they have, in the order in which they are asked: `{ 'ghcr.io': ['https://mirror'] }`. */
export type RegistryMirrors = Readonly<Record<string, readonly string[]>>

/** @returns why the text is no registry, as in image names: `ghcr.io`, `registry.example.com:5000` */
export function registryProblem(text: string): string | undefined {
  const isOne = readImageReference(`${text}/name`)?.domain === text
  return isOne ? undefined : 'must be a registry as in image names, such as ghcr.io or registry.example.com:5000'
}

/** @returns why the text is no mirror: `https://mirror.example.com`, `http://10.0.0.5:5000/ghcr` */
export function mirrorProblem(text: string): string | undefined {
  const isOne =
    /^https?:\/\/[^?#@]+$/.test(text) && URL.canParse(text) && readImageReference(`${prefixOf(text)}name`) !== undefined
  return isOne
    ? undefined
    : 'must be the URL of a registry, such as https://mirror.example.com or http://10.0.0.5:5000/ghcr'
}

/** The same image at a mirror: `mirror.example.com/ghcr/owner/app:1`. */
export function mirroredReference(mirror: string, reference: string): string {
  const { path, ...rest } = parseImageReference(reference)
  return formatImageReference({ ...parseImageReference(`${prefixOf(mirror)}${path}`), ...versionOf(rest) })
}

/** The server of a mirror without TLS, as an engine's setting names it; undefined for one with TLS. */
export function insecureServer(mirror: string): string | undefined {
  return mirror.startsWith('http:') ? prefixOf(mirror).split('/')[0] : undefined
}

const versionOf = ({
  tag,
  digest,
}: Pick<ImageReference, 'tag' | 'digest'>): Pick<ImageReference, 'tag' | 'digest'> => ({
  ...(tag === undefined ? {} : { tag }),
  ...(digest === undefined ? {} : { digest }),
})

/** `host:port/path/`. A host without a dot is one only with its port: `mirror/app` is an image of docker.io. */
function prefixOf(mirror: string): string {
  const { protocol, hostname, port, pathname } = new URL(mirror)
  const needsPort = !hostname.includes('.') && hostname !== 'localhost'
  const shownPort = port || (needsPort ? (protocol === 'http:' ? '80' : '443') : '')
  return `${hostname}${shownPort && `:${shownPort}`}${pathname.replace(/\/*$/, '/')}`
}
