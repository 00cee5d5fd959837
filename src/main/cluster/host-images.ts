import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { copyArchive, type Receiver } from './image-archive.ts'

/** An image of this machine's engine. */
export interface HostImage {
  id: string
  /** Digests of its layers without compression, from the base up. */
  layers: readonly string[]
}

/** What a worker has of an image: the first so many `layers` of the one with this `id`. */
export interface PresentLayers {
  id: string
  layers: number
}

/** The images of this machine's engine, for the workers of a cluster. */
export interface HostImages {
  /** @returns undefined where the engine does not have it */
  find(reference: string): Promise<HostImage | undefined>
  /**
   * An archive as `docker save` writes it, without the layers that the worker has. Those who ask before it begins to flow
   * share one export of the engine, at the pace of the slowest; digests are checked on the way, and a stream that has not
   * all of it is destroyed.
   * @returns undefined where the engine does not have it
   */
  open(reference: string, present?: PresentLayers): Promise<Readable | undefined>
}

/** How much of an export waits for one worker at most, bytes. */
const window = 2 ** 20

export function createHostImages({
  find,
  save,
  log,
}: {
  find: HostImages['find']
  /** `docker save`; undefined where the engine does not have it. */
  save(reference: string): Promise<Readable | undefined>
  log: Log
}): HostImages {
  const gathering = new Map<string, { receivers: Receiver[]; found: Promise<boolean> }>()

  /** @returns whether there is such an image */
  async function begin(reference: string, receivers: readonly Receiver[]): Promise<boolean> {
    try {
      const source = await save(reference)
      if (source) void flow(reference, source, receivers)
      else gathering.delete(reference)
      return source !== undefined
    } catch (error) {
      gathering.delete(reference)
      throw error
    }
  }

  async function flow(reference: string, source: Readable, receivers: readonly Receiver[]): Promise<void> {
    try {
      await once(source, 'readable')
      gathering.delete(reference)
      await copyArchive(source, receivers, { mayLose: true })
    } catch (error) {
      gathering.delete(reference)
      for (const { stream } of receivers) stream.destroy()
      log.warn('an image was not sent to all workers', { reference, error: messageOf(error) })
    }
  }

  return {
    find,
    async open(reference, present) {
      const stream = new PassThrough({ highWaterMark: window })
      const has = present && layersOf(await find(reference), present)
      const receiver: Receiver = { stream, ...(has ? { has } : {}) }
      let joined = gathering.get(reference)
      if (joined) joined.receivers.push(receiver)
      else {
        const receivers = [receiver]
        joined = { receivers, found: begin(reference, receivers) }
        gathering.set(reference, joined)
      }
      return (await joined.found) ? stream : undefined
    },
  }
}

/** Layers that need not be sent: a file may be that of several layers, of which all must be there. */
function layersOf(image: HostImage | undefined, present: PresentLayers): ReadonlySet<string> | undefined {
  if (image?.id !== present.id) return undefined
  const missing = new Set(image.layers.slice(present.layers))
  return new Set(image.layers.slice(0, present.layers).filter((layer) => !missing.has(layer)))
}
