import { Worker } from 'node:worker_threads'
import type { Clock } from '#shared/base/clock.ts'
import type { ByteBody } from '../api/request.ts'
import { looksLikeJson, mediaType, notYaml } from './body.ts'
import { exceededLimit } from './excess.ts'
import type { FromYamlWorker, ToYamlWorker } from './yaml-worker.ts'

export interface LargeYamlOptions {
  /** Entry point of the thread: `yaml-worker.ts` itself, or its bundle. */
  workerUrl: URL
  clock: Clock
}

/** Converts large YAML to JSON on a worker thread, which runs while there is YAML to convert. */
export interface LargeYaml {
  /**
   * Returns the body, converted to JSON if it is large YAML. @throws ApiError 400 for invalid YAML or more than the
   * thread can hold
   */
  asJson(body: ByteBody): ByteBody | Promise<ByteBody>
  stop(): Promise<void>
}

/** Minimum size in bytes; the most complex YAML of this size takes the parser 20 ms. */
const large = 8 * 1024
const idleMs = 10_000
const maxHeapMiB = 512

export function createLargeYaml({ workerUrl, clock }: LargeYamlOptions): LargeYaml {
  const waiting = new Map<number, (answer: FromYamlWorker) => void>()
  let worker: Worker | undefined
  let lastId = 0
  let stopIdle: (() => unknown) | undefined

  const start = (): Worker => {
    const thread = new Worker(workerUrl, { resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB } })
    thread.unref()
    thread.on('message', (answer: FromYamlWorker) => {
      waiting.get(answer.id)?.(answer)
      waiting.delete(answer.id)
      if (waiting.size === 0) stopIdle = clock.after(idleMs, () => void end())
    })
    let failure: unknown
    thread.on('error', (error) => void (failure = error))
    thread.on('exit', () => {
      if (worker === thread) worker = undefined
      const unanswered = [...waiting]
      waiting.clear()
      for (const [id, answer] of unanswered) answer({ id, error: reasonOf(failure) })
    })
    return thread
  }
  const end = async (): Promise<void> => {
    const ended = worker
    worker = undefined
    await ended?.terminate()
  }
  const read = ({ bytes }: ByteBody): Promise<FromYamlWorker> => {
    void stopIdle?.()
    worker ??= start()
    const id = ++lastId
    worker.postMessage({ id, yaml: bytes } satisfies ToYamlWorker)
    return new Promise((resolve) => waiting.set(id, resolve))
  }

  return {
    asJson(body) {
      if (body.bytes.length < large || !yamlTypes.has(mediaType(body.contentType)) || isJson(body.bytes)) return body
      return read(body).then((answer) => {
        if ('error' in answer) throw notYaml(answer.error)
        const bytes = Buffer.from(answer.json.buffer, answer.json.byteOffset, answer.json.length)
        if (!looksLikeJson(bytes)) throw notYaml('unmarshal errors: the document is neither a map nor a list')
        return { ...body, bytes, repeated: answer.repeated }
      })
    },
    async stop() {
      void stopIdle?.()
      await end()
    },
  }
}

/** Text that starts like JSON may be a YAML flow mapping. */
function isJson(bytes: Buffer): boolean {
  if (!looksLikeJson(bytes)) return false
  // The decoder refuses it without parsing.
  if (exceededLimit(bytes) !== undefined) return true
  try {
    JSON.parse(bytes.toString())
    return true
  } catch {
    return false
  }
}

const yamlTypes = new Set(['application/yaml', 'application/apply-patch+yaml'])

function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return 'the server is shutting down'
  return (failure as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'the document is too complex'
    : failure.message
}
