import type { ConnectHandler } from './connect.ts'
import type { Answer, Call, ResourcePath } from './request.ts'
import type { ServedResource } from './resources.ts'

/** The attributes of a request from its method, path and query, known before its body is read. */
export interface Route {
  /** Kubernetes' verb, or the HTTP method in lower case for non-resource paths. */
  verb: string
  path: string
  /** undefined for non-resource paths. */
  info: ResourcePath | undefined
  /** undefined when the resource is not served. */
  resource: ServedResource | undefined
  /** `dryRun` is set: nothing is written. */
  dryRun: boolean
  /** Set when the request owns its connection. */
  connect: ConnectHandler | undefined
}

/** Answers non-resource paths: discovery, health, version, schemas. Returns undefined for other paths. */
export type Page = (call: Call) => Answer | undefined | Promise<Answer | undefined>

/** The page that answers first of several, each of which answers other paths. */
export const firstOf =
  (...pages: readonly Page[]): Page =>
  (call) => {
    for (const page of pages) {
      const answer = page(call)
      if (answer) return answer
    }
    return undefined
  }
