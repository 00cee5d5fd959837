import type { IncomingMessage } from 'node:http'
import type { RegistryStore } from './store.ts'

/** One request of the OCI distribution specification, taken apart. */
export interface RegistryRequest {
  message: IncomingMessage
  method: string
  repository: string
  /** Digest, tag or upload id. */
  reference: string
  query: URLSearchParams
  store: RegistryStore
}

export interface RegistryAnswer {
  status: number
  headers?: Record<string, string | number>
  body?: string | Buffer | NodeJS.ReadableStream
}
