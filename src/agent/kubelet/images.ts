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
import type { HostImage, TunnelServer } from '../tunnel/server.ts'
import type { PullCredential, PullRecords } from './pull-records.ts'
import type { Mirrors } from './registry-mirrors.ts'
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
  /** Takes the image from the host's engine, where that has another than this one. @throws Error when it has none */
  copy(reference: string): Promise<void>
  /** Called when the engine reports that it no longer has the image. */
  forget(reference: string): void
  /** Called before the image is removed from this engine. */
  forgetImage(id: string): void
  /** Called when archives were loaded: any name may lead to another image now. */
  forgetAll(): void
  /** Ensures that the container's image is here. @returns the image, and whether it was fetched @throws ImageFailed */
  ensure(container: Container, onPull: () => void, credentials?: Credentials): Promise<EnsuredImage>
}

/**
 * Image sources in order: this worker's engine, the host's engine (built there, deployed without a load command), the
 * mirrors of the registry, the registry.
 */
export function createImages({
  runtime,
  fetchImage,
  hostImage,
  hostCredentials,
  mirrors,
  records,
  parallelPulls = Infinity,
  log,
}: {
  runtime: Runtime
  /** The image from the host's engine, without the layers that are `present` here; undefined when missing there. */
  fetchImage: TunnelServer['fetchImage']
  hostImage: TunnelServer['hostImage']
  /** How the user of the host is signed in to the image's registry. */
  hostCredentials(reference: string): Promise<readonly RegistryAuth[]>
  mirrors: Mirrors
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
    const image = known.get(reference) ?? (await mirrors.find(reference))
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
      return false
    })
    if (copied) return
    const ofHost = (await hostCredentials(reference).catch((): RegistryAuth[] => [])).map((auth) => ({ auth }))
    await records.pulling(reference)
    try {
      const mirrored = await mirrors.pull(reference)
      // What a mirror gives without credentials of a pod, it gives to all pods.
      const by = mirrored.done
        ? undefined
        : await pull(reference, [...credentials, ...ofHost]).catch((error: unknown) => {
            throw new Error([messageOf(error), ...mirrored.failures].join('; '), { cause: error })
          })
      const image = await mirrors.find(reference)
      if (image) await records.pulled(image.id, repositoryOf(reference), by)
    } finally {
      await records.settled(reference)
    }
  }
  /** What an earlier agent was pulling may be here without a record of whose it is. */
  const settleEarlier = async (): Promise<void> => {
    for (const reference of records.unsettled()) {
      const image = await mirrors.find(reference)
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
  /** @returns false where the host does not have it */
  const copyFromHost = async (reference: string): Promise<boolean> => {
    const there = await hostImage(reference)
    if (!there) return false
    // An image with pull policy Always (`:latest`) is copied only when the host's has changed.
    const here = await mirrors.find(reference)
    const image = here?.id === there.id ? here : await copyMissing(reference, there)
    if (image) await records.forget(image.id)
    return image !== undefined
  }
  const copyMissing = async (reference: string, there: HostImage): Promise<ImageInfo | undefined> => {
    const layers = sharedLayers(there.layers, await runtime.imageLayers())
    const isThere =
      // A layer that goes meanwhile, as its image is removed, makes the engine refuse the rest.
      (layers > 0 && (await load(reference, { id: there.id, layers }).catch(() => false))) || (await load(reference))
    if (!isThere) return undefined
    const image = await mirrors.find(reference)
    // The engine checks that layers are what their digests say; ids of one image differ with the kind of the engine's store.
    if (image && image.id !== there.id && image.layerDigests?.join() !== there.layers.join())
      throw new Error('the engine of the host has sent another image')
    return image
  }
  /** @returns false where the host does not have it */
  const load = async (reference: string, present?: { id: string; layers: number }): Promise<boolean> => {
    const tar = await fetchImage(reference, present)
    if (!tar) return false
    await runtime.loadImage(tar).finally(() => tar.destroy())
    return true
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
    async copy(name) {
      const reference = referenceOf(name)
      if (!(await inTurn(() => copyFromHost(reference)))) throw new Error(`the host has no image "${name}"`)
      known.delete(reference)
    },
    forget(image) {
      if (readImageReference(image)) known.delete(taggedImage(image))
    },
    forgetImage(id) {
      for (const [reference, image] of known) if (image.id === id) known.delete(reference)
      records.forget(id).catch((error: unknown) => log.warn('pull record not removed', { error: messageOf(error) }))
    },
    forgetAll: () => known.clear(),
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

/** How many of an image's layers are here, from its base up, in the image that has most of them. */
function sharedLayers(layers: readonly string[], here: readonly (readonly string[])[]): number {
  const shared = here.map((those) => {
    const differs = layers.findIndex((layer, index) => layer !== those[index])
    return differs < 0 ? layers.length : differs
  })
  return Math.max(0, ...shared)
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
