import type { ConnectHandler } from './connect.ts'
import type { Answer, Call, ResourcePath } from './request.ts'
import type { ServedResource } from './resources.ts'

/** What a request is for, as its method, path and query tell: known before its body is read. */
export interface Route {
  /** Kubernetes' verb, or the HTTP method in lower case for paths that are no resource. */
  verb: string
  path: string
  /** undefined for paths that are no resource. */
  info: ResourcePath | undefined
  /** undefined where nothing of that name is served. */
  resource: ServedResource | undefined
  /** `dryRun` is set: nothing is written. */
  dryRun: boolean
  /** Set when the request owns its connection. */
  connect: ConnectHandler | undefined
}

/** Answers paths that are no resource: discovery, health, version, schemas. undefined: not one of its paths. */
export type Page = (call: Call) => Answer | undefined | Promise<Answer | undefined>
