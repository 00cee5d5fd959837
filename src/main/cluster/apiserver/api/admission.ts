import type { KubeObject } from '#shared/kube/object.ts'
import { forbidden, type ApiError } from '#shared/kube/status.ts'
import type { UserInfo } from './access.ts'
import type { KindDeclaration } from './kind.ts'
import type { ObjectReader } from './reader.ts'

/**
 * One plugin of the admission chain: `admit` may change the object, `validate` may only refuse it (by throwing
 * ApiError). Plugins run in the order of the list that the server is given: all `admit`s, then defaulting again, then
 * the kind's validation, then all `validate`s.
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
  /** '' for cluster-scoped objects; for a Namespace its own name. */
  readonly namespace: string
  /** '' until a generated name is set. */
  readonly name: string
  /**
   * The object to be written; undefined for DELETE. For an action (`binding`, `eviction`, `token`) the posted body, for
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
   * Drops unknown fields of `object` after a webhook or policy has changed it. @throws ApiError 400 for a wrong type
   */
  conform(): void
}

/** Returns the 403 of a plugin that refuses a request. */
export function refusal({ kind, name, object }: AdmissionAttributes, why: string): ApiError {
  // A generated name is there by the time that plugins validate.
  const ofObject = object?.metadata.name ?? object?.metadata.generateName ?? ''
  return forbidden({ group: kind.group, resource: kind.plural }, name || ofObject, why)
}
