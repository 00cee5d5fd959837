import type { KubeObject } from '#shared/kube/object.ts'
import { forbidden, type ApiError } from '#shared/kube/status.ts'
import type { UserInfo } from './access.ts'
import type { KindDeclaration } from './kind.ts'
import type { ObjectReader } from './reader.ts'

/**
 * One rule of the admission chain: `admit` may change the object, `validate` may only refuse it (by throwing ApiError).
 * The order of the chain is the order of the list that the server is given: all `admit`s run first, then defaults are
 * applied again, then the kind's validation, then all `validate`s.
 */
export interface AdmissionPlugin {
  readonly name: string
  admit?(attributes: AdmissionAttributes): void | Promise<void>
  validate?(attributes: AdmissionAttributes): void | Promise<void>
}

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** The request as plugins see it: `admission.Attributes` of Kubernetes. */
export interface AdmissionAttributes {
  readonly operation: AdmissionOperation
  readonly kind: KindDeclaration
  /** '' for the main resource. */
  readonly subresource: string
  /** '' for cluster-scoped objects; of a Namespace its own name. */
  readonly namespace: string
  /** '' while a generated name is still to come. */
  readonly name: string
  /**
   * The object to be written; undefined for DELETE. Of an action (`binding`, `eviction`, `token`) the posted body, of
   * CONNECT the options. `admit` may mutate it in place.
   */
  readonly object: KubeObject | undefined
  /** The stored object for UPDATE and DELETE: shared, never mutate it. */
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions as the request gave them. */
  readonly options: Readonly<Record<string, unknown>>
  readonly reader: ObjectReader
  /** Adds a `Warning:` header to the answer. */
  warn(message: string): void
  /**
   * Prunes unknown fields of `object` after a webhook or policy has changed it. @throws ApiError 400 where a type is wrong
   */
  conform(): void
}

/** The 403 of a plugin that refuses a request. */
export function refusal({ kind, name, object }: AdmissionAttributes, why: string): ApiError {
  return forbidden({ group: kind.group, resource: kind.plural }, name || (object?.metadata.generateName ?? ''), why)
}
