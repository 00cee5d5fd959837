import type { Readable } from 'node:stream'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Container } from '#shared/kube/generated/types.ts'
import {
  InvalidImageReference,
  parseImageReference,
  readImageReference,
  taggedImage,
} from '#shared/kube/image-reference.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import type { PullCredential, PullRecords } from './pull-records.ts'
import type { ImageInfo, Runtime } from './runtime/runtime.ts'

/** An image that a container needs is missing; `reason` is the container's waiting reason. */
export class ImageFailed extends Error {
  readonly reason: string
  /** As the spec names it. */
  readonly image: string

  constructor(reason: string, message: string, image: string) {
    super(message)
    this.reason = reason
    this.image = image
  }
}

export interface EnsuredImage {
  image: ImageInfo
  /** How long the fetch took, if there was one, without and with its wait for others, ms. */
  pulledMs?: number
  totalMs?: number
}

/** Reads what the pod has for the image's registry, in the order in which it is tried. */
export type Credentials = () => Promise<readonly PullCredential[]>

export interface Images {
  /** The container's image, if it is here and the pull policy requires nothing newer. */
  present(container: Container): Promise<EnsuredImage | undefined>
  /** Called when the engine reports that it no longer has the image. */
  forget(reference: string): void
  /** Called before the image is removed from this engine. */
  forgetImage(id: string): void
  /** Ensures that the container's image is here. @returns the image, and whether it was fetched @throws ImageFailed */
  ensure(container: Container, onPull: () => void, credentials?: Credentials): Promise<EnsuredImage>
}

/**
 * Image sources in order: this worker's engine, the host's engine (built there, deployed without a load command), the
 * registry.
 */
export function createImages({
  runtime,
  fetchImage,
  hostImageId,
  hostCredentials,
  records,
  parallelPulls = Infinity,
  log,
}: {
  runtime: Runtime
  /** The image from the host's engine; undefined when missing there. */
  fetchImage(reference: string): Promise<Readable | undefined>
  hostImageId(reference: string): Promise<string | undefined>
  /** How the user of the host is signed in to the image's registry. */
  hostCredentials(reference: string): Promise<readonly RegistryAuth[]>
  records: PullRecords
  /** Most fetches at once; the others wait in their order. */
  parallelPulls?: number
  log: Log
}): Images {
  const known = new Map<string, ImageInfo>()
  /** Pods that need the same image at once share one fetch. */
  const fetching = new Map<string, Promise<number>>()
  const inTurn = createTurns(parallelPulls)

  const find = async (reference: string): Promise<ImageInfo | undefined> => {
    const image = known.get(reference) ?? (await runtime.hasImage(reference))
    if (image) known.set(reference, image)
    return image
  }
  /** @returns how long it took once it was its turn, ms */
  const fetch = (reference: string, credentials: readonly PullCredential[]): Promise<number> => {
    // Pods with other credentials may have another outcome.
    const key = `${reference} ${JSON.stringify(credentials)}`
    let work = fetching.get(key)
    if (!work) {
      work = inTurn(async () => {
        const begun = performance.now()
        await fetchOnce(reference, credentials)
        return Math.round(performance.now() - begun)
      }).finally(() => fetching.delete(key))
      fetching.set(key, work)
    }
    return work
  }
  const fetchOnce = async (reference: string, credentials: readonly PullCredential[]): Promise<void> => {
    const copied = await copyFromHost(reference).catch((error: unknown) => {
      log.warn('image not copied from the host', { reference, error: messageOf(error) })
      return undefined
    })
    if (copied) return records.forget(copied.id)
    const ofHost = (await hostCredentials(reference).catch((): RegistryAuth[] => [])).map((auth) => ({ auth }))
    await records.pulling(reference)
    try {
      const by = await pull(reference, [...credentials, ...ofHost])
      const image = await runtime.hasImage(reference)
      if (image) await records.pulled(image.id, repositoryOf(reference), by)
    } finally {
      await records.settled(reference)
    }
  }
  /** What an earlier agent was pulling may be here without a record of whose it is. */
  const settleEarlier = async (): Promise<void> => {
    for (const reference of records.unsettled()) {
      const image = await runtime.hasImage(reference)
      if (image) await records.close(image.id)
      await records.settled(reference)
    }
  }
  let earlier: Promise<void> | undefined
  /** Before anything is said of an image. A failure is met again by the next who asks. */
  const settled = (): Promise<void> =>
    (earlier ??= settleEarlier().catch((error: unknown) => {
      earlier = undefined
      throw error
    }))
  const copyFromHost = async (reference: string): Promise<ImageInfo | undefined> => {
    // An image with pull policy Always (`:latest`) is copied only when the host's has changed.
    const here = await runtime.hasImage(reference)
    if (here && (await hostImageId(reference)) === here.id) return here
    const tar = await fetchImage(reference)
    if (!tar) return undefined
    await runtime.loadImage(tar)
    return runtime.hasImage(reference)
  }
  /** With each of the credentials until one is accepted; without any where there are none. @returns which it was */
  const pull = async (
    reference: string,
    [first, ...others]: readonly PullCredential[],
  ): Promise<PullCredential | undefined> => {
    try {
      await (first ? runtime.pullImage(reference, first.auth) : runtime.pullImage(reference))
      return first
    } catch (error) {
      if (others.length === 0) throw error
      return pull(reference, others)
    }
  }

  return {
    async present({ image = '', imagePullPolicy }) {
      const reference = referenceOf(image)
      if (imagePullPolicy === 'Always') return undefined
      await settled()
      const found = await find(reference)
      // Whose image it is may depend on the pod's credentials, which are not read for others.
      return found && records.isOpen(found.id, repositoryOf(reference)) ? { image: found } : undefined
    },
    forget(image) {
      if (readImageReference(image)) known.delete(taggedImage(image))
    },
    forgetImage(id) {
      for (const [reference, image] of known) if (image.id === id) known.delete(reference)
      records.forget(id).catch((error: unknown) => log.warn('pull record not removed', { error: messageOf(error) }))
    },
    async ensure({ image: name = '', imagePullPolicy }, onPull, credentials = async () => []) {
      const reference = referenceOf(name)
      await settled()
      const found = await find(reference)
      const own = await credentials()
      const present = found && records.allows(found.id, repositoryOf(reference), own) ? found : undefined
      if (present && imagePullPolicy !== 'Always') return { image: present }
      if (imagePullPolicy === 'Never') {
        const lack = found ? 'present, but not for the credentials of the pod,' : 'not present'
        const message = `Container image "${name}" is ${lack} with pull policy of Never`
        throw new ImageFailed('ErrImageNeverPull', message, name)
      }
      onPull()
      const begun = performance.now()
      let pulledMs: number
      try {
        pulledMs = await fetch(reference, own)
      } catch (error) {
        // Always requires the newest image. When no registry responds, that is the local one.
        if (present) return { image: present }
        throw new ImageFailed('ErrImagePull', `Failed to pull image "${name}": ${messageOf(error)}`, name)
      }
      known.delete(reference)
      const image = await find(reference)
      if (!image) throw new ImageFailed('ErrImagePull', `image "${name}" was fetched but is missing`, name)
      return { image, pulledMs, totalMs: Math.round(performance.now() - begun) }
    },
  }
}

/** Runs at most `most` tasks at once, in the order in which they come. */
function createTurns(most: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

/** Its registry and path, without tag or digest. */
function repositoryOf(reference: string): string {
  const { domain, path } = parseImageReference(reference)
  return `${domain}/${path}`
}

/** The image reference with its tag. @throws ImageFailed with Kubernetes' message when it is invalid */
function referenceOf(image: string): string {
  try {
    return taggedImage(image)
  } catch (error) {
    if (!(error instanceof InvalidImageReference)) throw error
    const quoted = JSON.stringify(image)
    throw new ImageFailed(
      'InvalidImageName',
      `Failed to apply default image tag ${quoted}: couldn't parse image name ${quoted}: ${error.message}`,
      image,
    )
  }
}
