import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { EdgeError, targetOf } from '#main/http/edge.ts'
import { messageOf } from '#shared/base/message-of.ts'

/** What may be done with the images of a running cluster's workers; each result is JSON. */
export interface ClusterImages {
  list(): Promise<unknown>
  /** @throws Error for the user */
  load(archive: Readable): Promise<unknown>
  /** @throws Error for the user */
  loadFromEngine(reference: string): Promise<unknown>
  prune(): Promise<unknown>
}

/** @throws Error for the user when the cluster does not run */
export type ImagesOf = (cluster: string) => ClusterImages

/**
 * `/images?cluster=NAME` of the control socket: GET lists, POST loads the archive in its body or the engine's image of
 * `reference`, DELETE removes what is unused. Answers JSON; a refusal is `{"error":…}` with 422.
 */
export async function serveImages(
  imagesOf: ImagesOf,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { query } = targetOf(request)
  const answer = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify(value))
  }
  try {
    answer(200, await result(imagesOf(query.get('cluster') ?? ''), request, query.get('reference')))
  } catch (error) {
    if (error instanceof EdgeError) throw error
    answer(422, { error: messageOf(error) })
  }
}

function result(images: ClusterImages, request: IncomingMessage, reference: string | null): Promise<unknown> {
  if (request.method === 'GET') return images.list()
  if (request.method === 'DELETE') return images.prune()
  if (request.method !== 'POST') throw new EdgeError(405, 'GET, POST or DELETE is required')
  return reference === null ? images.load(request) : images.loadFromEngine(reference)
}
