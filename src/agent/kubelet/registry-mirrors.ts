import { readFile } from 'node:fs/promises'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { formatImageReference, parseImageReference, readImageReference } from '#shared/kube/image-reference.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import { insecureServer, mirroredReference, type RegistryMirrors } from '#shared/kube/registry-mirrors.ts'
import type { EngineSettings } from './runtime/engine-settings.ts'
import type { ImageInfo, Runtime } from './runtime/runtime.ts'

/**
 * Pulls images from mirrors of their registries. The engine itself knows mirrors of docker.io alone, so an image is pulled by
 * its name at the mirror, where the engine checks it against its digest as ever, and gets its own name as a tag. A name with a
 * digest cannot be given to an image: `find` looks for it under its name at the mirror.
 */
export interface Mirrors {
  /** @returns whether a mirror had it, and why the others had not */
  pull(reference: string): Promise<{ done: boolean; failures: string[] }>
  /** The image here, also where it is from a mirror. Its `digest` is of its own registry. */
  find(reference: string): Promise<ImageInfo | undefined>
}

export interface MirrorsOptions {
  runtime: Pick<Runtime, 'hasImage' | 'pullImage' | 'tagImage'>
  /** As they are now: they change while the agent runs. */
  mirrors(): Promise<RegistryMirrors>
  engine: EngineSettings
  /** How the user of the host is signed in to the mirror. */
  hostCredentials(reference: string): Promise<readonly RegistryAuth[]>
  log: Log
}

export function createMirrors({ runtime, mirrors, engine, hostCredentials, log }: MirrorsOptions): Mirrors {
  const mirrorsOf = async (reference: string): Promise<readonly string[]> =>
    (await mirrors())[parseImageReference(reference).domain] ?? []

  /** Never with the credentials of a pod: they are for the image's own registry. */
  const pullFrom = async (mirror: string, reference: string): Promise<void> => {
    const there = mirroredReference(mirror, reference)
    const [auth] = await hostCredentials(there).catch((): RegistryAuth[] => [])
    await (auth ? runtime.pullImage(there, auth) : runtime.pullImage(there))
    const { domain, path, tag, digest } = parseImageReference(reference)
    if (digest === undefined) await runtime.tagImage(there, `${domain}/${path}`, tag ?? 'latest')
  }

  return {
    async pull(reference) {
      const failures: string[] = []
      const all = await mirrors()
      // What the engine cannot be told is no reason not to ask the registry.
      await engine
        .allowInsecure(insecureServers(all))
        .catch((error: unknown) => log.warn('engine not told which mirrors have no TLS', { error: messageOf(error) }))
      for (const mirror of await mirrorsOf(reference)) {
        try {
          await pullFrom(mirror, reference)
          return { done: true, failures }
        } catch (error) {
          failures.push(`mirror ${mirror}: ${messageOf(error)}`)
          log.warn('image not pulled from a mirror', { reference, mirror, error: messageOf(error) })
        }
      }
      return { done: false, failures }
    },
    async find(reference) {
      const here = await runtime.hasImage(reference)
      if (here && !here.repoDigests) return here
      if (here) return named(here, reference, await mirrorsOf(reference))
      if (parseImageReference(reference).digest === undefined) return undefined
      const those = await mirrorsOf(reference)
      for (const mirror of those) {
        const found = await runtime.hasImage(mirroredReference(mirror, reference))
        if (found) return named(found, reference, those)
      }
      return undefined
    },
  }
}

const insecureServers = (all: RegistryMirrors): string[] => [
  ...new Set(Object.values(all).flatMap((each) => each.flatMap((mirror) => insecureServer(mirror) ?? []))),
]

/** The digest under the image's own name, where it has one or is from a mirror. */
function named(image: ImageInfo, reference: string, mirrors: readonly string[]): ImageInfo {
  const own = repositoryOf(reference)
  const repositories = [own, ...mirrors.map((mirror) => repositoryOf(mirroredReference(mirror, reference)))]
  for (const repository of repositories) {
    const found = image.repoDigests?.find((each) => repositoryOf(each) === repository)
    const digest = found === undefined ? undefined : readImageReference(found)?.digest
    if (found !== undefined && digest !== undefined)
      return { ...image, digest: repository === own ? found : `${own}@${digest}` }
  }
  return image
}

/** Without tag and digest; empty for what is no reference. */
function repositoryOf(text: string): string {
  const reference = readImageReference(text)
  return reference ? formatImageReference({ domain: reference.domain, path: reference.path }) : ''
}

/** @param file written by the host; without it, there are none */
export async function readMirrors(file: string): Promise<RegistryMirrors> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as RegistryMirrors
  } catch {
    return {}
  }
}
