import type { Readable } from 'node:stream'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Container } from '#shared/kube/generated/types.ts'
import { InvalidImageReference, readImageReference, taggedImage } from '#shared/kube/image-reference.ts'
import type { RegistryAuth } from './registry-credentials.ts'
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
export type Credentials = () => Promise<readonly RegistryAuth[]>

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
  parallelPulls = Infinity,
  log,
}: {
  runtime: Runtime
  /** The image from the host's engine; undefined when missing there. */
  fetchImage(reference: string): Promise<Readable | undefined>
  hostImageId(reference: string): Promise<string | undefined>
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
  const fetch = (reference: string, auths: readonly RegistryAuth[]): Promise<number> => {
    // Pods with other credentials may have another outcome.
    const key = `${reference} ${JSON.stringify(auths)}`
    let work = fetching.get(key)
    if (!work) {
      work = inTurn(async () => {
        const begun = performance.now()
        await fetchOnce(reference, auths)
        return Math.round(performance.now() - begun)
      }).finally(() => fetching.delete(key))
      fetching.set(key, work)
    }
    return work
  }
  const fetchOnce = async (reference: string, auths: readonly RegistryAuth[]): Promise<void> => {
    try {
      // An image with pull policy Always (`:latest`) is copied only when the host's has changed.
      const here = await runtime.hasImage(reference)
      if (here && (await hostImageId(reference)) === here.id) return
      const tar = await fetchImage(reference)
      if (tar) {
        await runtime.loadImage(tar)
        if (await runtime.hasImage(reference)) return
      }
    } catch (error) {
      log.warn('image not copied from the host', { reference, error: messageOf(error) })
    }
    await pull(reference, auths)
  }
  /** With each of the credentials until one is accepted; without any where there are none. */
  const pull = async (reference: string, [first, ...others]: readonly RegistryAuth[]): Promise<void> => {
    try {
      await (first ? runtime.pullImage(reference, first) : runtime.pullImage(reference))
    } catch (error) {
      if (others.length === 0) throw error
      await pull(reference, others)
    }
  }

  return {
    async present({ image = '', imagePullPolicy }) {
      const reference = referenceOf(image)
      if (imagePullPolicy === 'Always') return undefined
      const found = await find(reference)
      return found && { image: found }
    },
    forget(image) {
      if (readImageReference(image)) known.delete(taggedImage(image))
    },
    forgetImage(id) {
      for (const [reference, image] of known) if (image.id === id) known.delete(reference)
    },
    async ensure({ image: name = '', imagePullPolicy }, onPull, credentials = async () => []) {
      const reference = referenceOf(name)
      const present = await find(reference)
      if (present && imagePullPolicy !== 'Always') return { image: present }
      if (imagePullPolicy === 'Never')
        throw new ImageFailed(
          'ErrImageNeverPull',
          `Container image "${name}" is not present with pull policy of Never`,
          name,
        )
      onPull()
      const begun = performance.now()
      let pulledMs: number
      try {
        pulledMs = await fetch(reference, await credentials())
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
