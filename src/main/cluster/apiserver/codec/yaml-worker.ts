import { parentPort } from 'node:worker_threads'
import { messageOf } from '#shared/base/message-of.ts'
import { readYaml } from './yaml.ts'

/**
 * The worker thread that parses large YAML: the parser takes half a second for a megabyte, which would block the API
 * server.
 */
export interface ToYamlWorker {
  id: number
  yaml: Uint8Array
}

export type FromYamlWorker = { id: number; json: Uint8Array; repeated: string[] } | { id: number; error: string }

if (!parentPort) throw new Error('yaml-worker runs as a worker thread')
const port = parentPort
port.on('message', ({ id, yaml }: ToYamlWorker) => {
  try {
    const { value, repeated } = readYaml(new TextDecoder().decode(yaml))
    const json = new TextEncoder().encode(JSON.stringify(value ?? null))
    port.postMessage({ id, json, repeated } satisfies FromYamlWorker, [json.buffer])
  } catch (error) {
    port.postMessage({ id, error: messageOf(error) } satisfies FromYamlWorker)
  }
})
