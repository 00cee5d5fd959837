import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { fullImageName } from '#shared/kube/image-reference.ts'
import type { ImageSettings } from '#shared/kube/kubelet/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import type { Observation } from './eviction/signals.ts'
import type { Images } from './images.ts'
import type { ListedImage, ObservedContainer, Runtime } from './runtime/runtime.ts'

/** Removes images that no pod uses, the longest unused first (pkg/kubelet/images: imageGCManager). */
export interface ImageGarbage {
  /** Removes all of them, whatever their age: the disk is short. */
  removeUnused(): Promise<void>
  /** All images, with whether a pod or this worker itself needs them. */
  list(): Promise<(ListedImage & { used: boolean })[]>
  start(): Stop
}

export interface ImageGarbageOptions {
  settings: ImageSettings
  runtime: Pick<Runtime, 'images' | 'removeImage' | 'containers' | 'podUids'>
  images: Pick<Images, 'forgetImage'>
  pods(): Stored<Pod>[]
  /** Images that are never removed: that of the sandboxes. */
  pinned: readonly string[]
  /** The filesystem of images, bytes. */
  disk(): Promise<Observation | undefined>
  node(): Stored<Node> | undefined
  recorder: Pick<EventRecorder, 'event'>
  clock: Clock
  log: Log
}

/** The kubelet's own, ms (ImageGCPeriod). */
const period = 300_000

interface Known {
  firstSeen: number
  /** When it was seen in use last; unset for one that has not been used. */
  lastUsed?: number
}

/** As if nothing had been seen later than now: the clock may have been set back. */
const notAhead = ({ firstSeen, lastUsed }: Known, now: number): Known => ({
  firstSeen: Math.min(firstSeen, now),
  ...(lastUsed === undefined ? {} : { lastUsed: Math.min(lastUsed, now) }),
})

export function createImageGarbage(options: ImageGarbageOptions): ImageGarbage {
  const { settings, runtime, clock, log } = options
  let known = new Map<string, Known>()
  let hasFailed = false

  /** Notes which images are here and in use. @returns those that may go, the longest unused first */
  const unused = async (): Promise<(ListedImage & Known)[]> => {
    const list = await runtime.images()
    const now = clock.now()
    const used = usedImages(options)
    const next = new Map<string, Known>()
    const free: (ListedImage & Known)[] = []
    for (const image of list) {
      const isUsed = isUsedBy(used, image)
      const before = notAhead(known.get(image.id) ?? { firstSeen: now }, now)
      const entry = isUsed ? { ...before, lastUsed: now } : before
      next.set(image.id, entry)
      if (!isUsed) free.push({ ...image, ...entry })
    }
    known = next
    return free.sort((a, b) => (a.lastUsed ?? 0) - (b.lastUsed ?? 0) || a.firstSeen - b.firstSeen)
  }

  /** @returns how many bytes that has freed */
  const remove = async (candidates: readonly ListedImage[], enough: number): Promise<number> => {
    let freed = 0
    const failures: string[] = []
    for (const image of candidates) {
      const { id, names, sizeBytes } = image
      if (freed >= enough) break
      // A pod may have come to need it meanwhile.
      if (isUsedBy(usedImages(options), image)) continue
      try {
        options.images.forgetImage(id)
        await runtime.removeImage(id)
        known.delete(id)
        freed += sizeBytes
        log.info('unused image removed', { image: names[0] ?? id, bytes: sizeBytes })
      } catch (error) {
        failures.push(messageOf(error))
      }
    }
    if (failures.length > 0 && freed < enough)
      throw new Error(
        `wanted to free ${enough} bytes, but freed ${freed} bytes space with errors in image deletion: ${failures.join(', ')}`,
      )
    return freed
  }

  const collect = async (): Promise<void> => {
    const now = clock.now()
    const free = await unused()
    const old = free.filter(({ lastUsed, firstSeen }) => isOlder(lastUsed ?? firstSeen, settings.maximumAgeMs, now))
    if (old.length > 0) await remove(old, Infinity).catch((error: unknown) => log.warn(messageOf(error)))
    const disk = await options.disk()
    if (!disk) return
    if (disk.capacity === 0) throw tell('InvalidDiskCapacity', 'invalid capacity 0 on image filesystem')
    const { high, low } = percentagesOf(settings, disk.capacity)
    const used = 100 - Math.floor((disk.available * 100) / disk.capacity)
    if (used < high) return
    const wanted = Math.floor((disk.capacity * (100 - low)) / 100) - disk.available
    const ripe = free.filter(({ firstSeen }) => now - firstSeen >= settings.minimumAgeMs)
    const freed = await remove(ripe, wanted)
    if (freed < wanted) throw tell('FreeDiskSpaceFailed', spaceMessage(used, disk.capacity, freed))
  }

  const tell = (reason: string, message: string): Error => {
    const node = options.node()
    if (node) options.recorder.event(node, 'Warning', reason, message)
    return new Error(message)
  }

  const run = async (): Promise<void> => {
    try {
      await collect()
      hasFailed = false
    } catch (error) {
      // Only repeated failures are told of.
      if (hasFailed) tell('ImageGCFailed', messageOf(error))
      log.warn('images not collected', { error: messageOf(error) })
      hasFailed = true
    }
  }

  return {
    async list() {
      const used = usedImages(options)
      return (await runtime.images()).map((image) => ({ ...image, used: isUsedBy(used, image) }))
    },
    async removeUnused() {
      await remove(await unused(), Infinity).catch((error: unknown) => log.warn(messageOf(error)))
    },
    start() {
      let stop: Stop = () => undefined
      let isStopped = false
      const again = (): void => {
        if (!isStopped) stop = clock.after(period, () => void run().then(again))
      }
      // Notes what is here now: an image's age counts from now on.
      void unused().catch(() => undefined)
      again()
      return () => {
        isStopped = true
        return stop()
      }
    },
  }
}

const isUsedBy = ({ ids, names }: { ids: Set<string>; names: Set<string> }, image: ListedImage): boolean =>
  ids.has(image.id) || image.names.some((name) => names.has(fullImageName(name)))

/** Ids of images that a container was made from, and full names of those that pods ask for. */
function usedImages({ runtime, pods, pinned }: ImageGarbageOptions): { ids: Set<string>; names: Set<string> } {
  const containers: ObservedContainer[] = runtime.podUids().flatMap((uid) => runtime.containers(uid))
  const names = new Set(pinned.map(fullImageName))
  for (const pod of pods()) {
    if (isPodTerminal(pod)) continue
    const { containers: main = [], initContainers = [], ephemeralContainers = [], volumes = [] } = pod.spec ?? {}
    for (const { image } of [...main, ...initContainers, ...ephemeralContainers])
      if (image) names.add(fullImageName(image))
    for (const { image } of volumes) if (image?.reference) names.add(fullImageName(image.reference))
  }
  return { ids: new Set(containers.map(({ imageId }) => imageId)), names }
}

const isOlder = (since: number, age: number, now: number): boolean => age > 0 && now - since > age

const gibibyte = 2 ** 30

/**
 * Kubernetes' 85 and 80 %, but never so that more than 10 and 15 GiB would have to be free: a worker's disk is its owner's,
 * whose other files the removal of images does not free.
 */
export function percentagesOf(
  { highPercent, lowPercent }: ImageSettings,
  capacity: number,
): { high: number; low: number } {
  const atLeast = (percent: number, bytes: number): number =>
    Math.max(percent, Math.min(99, Math.floor(100 - (bytes * 100) / capacity)))
  const high = highPercent ?? atLeast(85, 10 * gibibyte)
  const low = lowPercent ?? atLeast(80, 15 * gibibyte)
  return { high, low: Math.min(low, high - 1) }
}

const spaceMessage = (used: number, capacity: number, freed: number): string =>
  `Insufficient free disk space on the node's image filesystem (${used}% of ${sizeText(capacity)} used). ` +
  `Failed to free sufficient space by deleting unused images (freed ${freed} bytes). ` +
  'Investigate disk usage, as it could be used by active images, logs, volumes, or other data.'

/** `10.0 GiB` */
function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const exponent = bytes < 1_024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1_024 ** exponent).toFixed(exponent === 0 ? 0 : 1)} ${units[exponent] ?? 'B'}`
}
