import type { Duplex, Readable } from 'node:stream'
import { z } from 'zod'
import { messageOf } from '#shared/base/message-of.ts'
import { taggedImage } from '#shared/kube/image-reference.ts'
import type { NodeConnector } from './apiserver/index.ts'
import type { HostImages } from './host-images.ts'
import { copyArchive, type ArchivedImage } from './image-archive.ts'

const name = z.string().max(1_000)
const image = z.object({ id: name, names: z.array(name).max(1_000), sizeBytes: z.number(), used: z.boolean() })
export type WorkerImage = z.infer<typeof image>
const listed = z.object({ images: z.array(image).max(10_000) })
const removed = z.object({ removed: z.array(name).max(10_000), freedBytes: z.number() })
const failed = z.object({ error: z.string().transform((text) => text.slice(0, 2_000)) })

/** What one worker answers; `error` where it cannot be reached or fails. */
export type PerWorker<T> = { worker: string } & (T | { error: string })

/** The images of a cluster's workers. */
export interface ClusterImages {
  list(): Promise<PerWorker<{ images: WorkerImage[] }>[]>
  /** Loads an archive of `docker save` into all workers. @throws Error for the user when a worker lacks it afterwards */
  load(archive: Readable): Promise<{ images: ArchivedImage[]; workers: string[] }>
  /** The same with an image of the host's engine; workers that have it already are left alone. @throws Error */
  loadFromEngine(reference: string): Promise<{ images: ArchivedImage[]; workers: string[] }>
  /** Removes images that no pod uses. */
  prune(): Promise<PerWorker<{ removed: string[]; freedBytes: number }>[]>
}

export interface ClusterImagesOptions {
  /** Names of the running workers. */
  workers(): string[]
  nodes: Pick<NodeConnector, 'request'>
  hostImage: HostImages['find']
}

/** @throws Error for the user where neither a file nor an image can have this name */
function requireName(reference: string): void {
  try {
    taggedImage(reference)
  } catch (error) {
    throw new Error(`"${reference}" is no file, nor the name of an image: ${messageOf(error)}`, { cause: error })
  }
}

/** Asks the agents of the workers, over their tunnels. */
export function createClusterImages({ workers, nodes, hostImage }: ClusterImagesOptions): ClusterImages {
  const ask = async <T>(
    worker: string,
    method: 'GET' | 'POST' | 'DELETE',
    shape: z.ZodType<T>,
    query = '',
  ): Promise<PerWorker<T>> => {
    try {
      const { status, stream } = await nodes.request(worker, { method, path: `/images${query}`, end: true })
      return { worker, ...(await answerOf(status, stream, shape)) }
    } catch (error) {
      return { worker, error: messageOf(error) }
    }
  }
  const list = (): ReturnType<ClusterImages['list']> =>
    Promise.all(workers().map((worker) => ask(worker, 'GET', listed)))

  const copy = (worker: string, reference: string): ReturnType<typeof ask<object>> =>
    ask(worker, 'POST', z.object({}), `?reference=${encodeURIComponent(reference)}`)

  async function loadInto(names: readonly string[], archive: Readable): Promise<ArchivedImage[]> {
    const uploads = await Promise.all(
      names.map(async (worker) => {
        const { status, stream } = await nodes.request(worker, { method: 'POST', path: '/images' })
        return { worker, answer: answerOf(status, stream, z.object({})), stream }
      }),
    )
    for (const { answer } of uploads) answer.catch(() => undefined)
    const images = await copyArchive(
      archive,
      uploads.map(({ stream }) => ({ stream })),
    )
    for (const { worker, answer } of uploads) {
      await answer.catch((error: unknown) => {
        throw new Error(`${worker}: ${messageOf(error)}`)
      })
    }
    await verify(names, images)
    return images
  }

  /** An engine names an image by the digest of its configuration: a worker has it under that id, or something else. */
  async function verify(names: readonly string[], images: readonly ArchivedImage[]): Promise<void> {
    for (const one of await list()) {
      if (!names.includes(one.worker)) continue
      if ('error' in one) throw new Error(`${one.worker}: ${one.error}`)
      const ids = new Set(one.images.map(({ id }) => id))
      const missing = images.find(({ id }) => !ids.has(id))
      if (missing) throw new Error(`${one.worker} does not have ${missing.names[0] ?? missing.id} after it was loaded`)
    }
  }

  const running = (): string[] => {
    const names = workers()
    if (names.length === 0) throw new Error('no worker runs')
    return names
  }

  return {
    list,
    async load(archive) {
      const names = running()
      return { images: await loadInto(names, archive), workers: names }
    },
    async loadFromEngine(reference) {
      requireName(reference)
      const names = running()
      const found = await hostImage(reference)
      if (!found) throw new Error(`the engine of this machine has no image "${reference}", and there is no such file`)
      const present = await list()
      const lacking = names.filter((name) => {
        const one = present.find(({ worker }) => worker === name)
        return (
          !one ||
          'error' in one ||
          !one.images.some(({ id, names: tags }) => id === found.id && tags.includes(reference))
        )
      })
      if (lacking.length === 0) return { images: [{ names: [reference], id: found.id }], workers: [] }
      // Together: they share one export of the engine.
      for (const one of await Promise.all(lacking.map((worker) => copy(worker, reference))))
        if ('error' in one) throw new Error(`${one.worker}: ${one.error}`)
      return { images: [{ names: [reference], id: found.id }], workers: lacking }
    },
    prune: () => Promise.all(workers().map((worker) => ask(worker, 'DELETE', removed))),
  }
}

/** Most bytes of an answer: what runs in a worker may have taken its agent over. */
const mostAnswer = 8 * 2 ** 20

/** @throws Error where it is too large */
async function readJson(stream: Duplex): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostAnswer) throw new Error('the agent answers with more than 8 MiB')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** @throws Error with what the agent says went wrong */
async function answerOf<T>(status: number, stream: Duplex, shape: z.ZodType<T>): Promise<T> {
  const body = await readJson(stream)
  const failure = failed.safeParse(body)
  if (failure.success) throw new Error(failure.data.error)
  if (status !== 200) throw new Error(`the agent answers ${status}`)
  return shape.parse(body)
}
