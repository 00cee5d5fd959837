import type { ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import { messageOf } from '#shared/base/message-of.ts'
import { RequestRefused, respond, type EdgeRequest } from '#shared/base/request-edge.ts'
import type { ListedImage } from './runtime/runtime.ts'

/** The images of this worker's engine, for `slipway image`. */
export interface ImageStore {
  list(): Promise<(ListedImage & { used: boolean })[]>
  load(archive: Readable): Promise<unknown>
  /** Takes an image from the host's engine. */
  copy(reference: string): Promise<void>
  /** @returns the images that were removed */
  removeUnused(): Promise<ListedImage[]>
}

/**
 * `GET /images` lists, `POST /images` loads the archive in its body, or of the host's engine the image that the `reference`
 * of its query names, `DELETE /images` removes what no pod uses. The answer to a POST begins before the archive has come:
 * what went wrong is in its body.
 */
export async function serveImages(
  store: ImageStore,
  stream: ServerHttp2Stream,
  { method, query }: EdgeRequest,
): Promise<void> {
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE')
    throw new RequestRefused(405, 'images requires GET, POST or DELETE')
  if (!respond(stream, { ':status': 200, 'content-type': 'application/json' })) return
  const body = await answer(store, stream, method, query.get('reference')).catch((error: unknown) => ({
    error: messageOf(error),
  }))
  if (stream.destroyed) return
  stream.resume()
  stream.end(JSON.stringify(body))
}

async function answer(
  store: ImageStore,
  stream: ServerHttp2Stream,
  method: 'GET' | 'POST' | 'DELETE',
  reference: string | null,
): Promise<object> {
  if (method === 'GET') return { images: await store.list() }
  if (method === 'POST') {
    await (reference === null ? store.load(stream) : store.copy(reference))
    return {}
  }
  const removed = await store.removeUnused()
  return {
    removed: removed.map(({ id, names }) => names.at(-1) ?? id),
    freedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
}
