import type { KubeObject } from '#shared/kube/object.ts'
import type { FieldError } from '#shared/kube/status.ts'
import type { Action, GroupVersionKind } from './action.ts'

/**
 * Everything the generic registry has to know of a resource: adding a kind means writing one of these and listing it
 * in `kinds/index.ts`. `kinds/core/configmap.ts` is the exemplar.
 */
export interface KindDeclaration<T extends KubeObject = KubeObject> {
  /** '' for the core group. */
  group: string
  version: string
  kind: string
  /** Path segment: `configmaps`. */
  plural: string
  singular: string
  shortNames?: readonly string[]
  categories?: readonly string[]
  namespaced: boolean
  /** Name of its OpenAPI definition: `io.k8s.api.core.v1.ConfigMap`. */
  schema: string
  /** Group and resource of the storage key when several versions share one store (events); own ones when unset. */
  storage?: { group: string; plural: string }
  /** Into the stored shape and back, where `storage` names another kind's store. Pure: neither mutates its argument. */
  toStorage?(object: T): KubeObject
  fromStorage?(object: KubeObject): T
  /** Verbs served; all eight when unset (virtual review kinds serve only `create`). */
  verbs?: readonly Verb[]

  /** How a name must look; a DNS subdomain when unset. */
  validateName?(name: string): readonly string[]
  /** Fills absent fields, on create and on update; mutates `object`. */
  setDefaults?(object: T): void
  /**
   * Drops what clients may not set (status, …), fills what only the server knows; mutates `object`. Called after
   * defaulting and mutating admission, as in Kubernetes.
   */
  prepareForCreate?(object: T): void
  /** Keeps what clients may not change (status, …); mutates `next`. */
  prepareForUpdate?(next: T, previous: T): void
  /** `previous` is there when it is a change: what was let pass before may be let pass again. */
  validate?(object: T, previous?: T): FieldError[]
  /** Rules between two states; `validate` runs too. */
  validateUpdate?(next: T, previous: T): FieldError[]
  /** A warning to whoever reads or writes it: `v1 Endpoints is deprecated in v1.33+; …`. */
  deprecation?: string
  /** Warnings for the `Warning:` header. */
  warnings?(object: T): string[]

  /**
   * Whether `metadata.generation` counts changes: everything outside metadata and status by default, nothing when
   * false (ConfigMap, Secret, … have no generation).
   */
  generation?: boolean
  /** A `status` subresource: spec of a status write is ignored, status of a main write too. */
  status?: StatusStrategy<T>
  scale?: ScalePaths
  /** Values for `fieldSelector` besides `metadata.name` and `metadata.namespace`. */
  fields?: Record<string, (object: T) => string>
  /** Columns of `Table` output after NAME; AGE is a column like any other. */
  columns: readonly Column<T>[]
  /** Whether `columns` stand alone, without NAME before them (Event). */
  columnsWithoutName?: boolean
  /** Whether a PUT to an absent name creates it (Lease, Endpoints, …). */
  createOnUpdate?: boolean
  /** Whether a delete answers with the object instead of a Status (Pod, Service, PVC, …). */
  returnsDeleted?: boolean
  /** Whether something besides `metadata.finalizers` holds a deleted object (Namespace: `spec.finalizers`). */
  holdsDeletion?(object: T): boolean
  /** Marks an object whose deletion begins (Namespace: phase Terminating); mutates `object`. */
  prepareForDelete?(object: T): void
  /** Default grace of a delete in seconds (Pods); 0 when unset. `undefined` result: delete at once. */
  deletionGrace?(object: T, requested: number | undefined): number
  /** Subresources besides `status` and `scale`, by name. */
  subresources?: Readonly<Record<string, Subresource<T>>>
  /** Carries a POST to the collection out, for a kind that is not stored (Binding). */
  action?: Action
  /** Reads a `spec` that was left out as an empty one, where the type does not require it (a struct, not a pointer, in Go). */
  emptySpec?: boolean
}

export type Subresource<T> = PartWrite<T> | Action | HandledSubresource

/** A subresource that is read and written like the object, of which it changes one part. */
export interface PartWrite<T> {
  /** The verbs that discovery names; get, patch and update when unset. */
  verbs?: readonly string[]
  /** The top-level field that a write changes besides metadata. */
  part: 'spec' | 'status'
  /** The one field of the part that a write changes; all of it when unset. */
  field?: string
  /** Puts back what of the part a write does not change, where that is no single field; mutates `next`. */
  restrict?(next: T, previous: T): void
  /** The same for an apply configuration: nobody comes to own what is not written; mutates `config`. */
  restrictApplied?(config: T): void
  /** Fields of `metadata` that a write leaves as they are; the owner references when unset. */
  keepsMetadata?: readonly MetadataField[]
  /** Rules for a write; those of the object itself do not apply to it. */
  validate?(next: T, previous: T): FieldError[]
}

/** Carried out by a handler that is given to the server, because it needs more than the API: a node, or keys. */
export interface HandledSubresource {
  verbs: readonly string[]
  /** Of the body or the options, where it is not the parent's. */
  kind?: GroupVersionKind
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/** The subresource of a kind that is a write of a part; undefined for any other. */
export function partWriteOf<T extends KubeObject>(
  kind: KindDeclaration<T>,
  subresource: string,
): PartWrite<T> | undefined {
  const found = subresourceOf(kind, subresource)
  return found && 'part' in found ? found : undefined
}

export function subresourceOf<T extends KubeObject>(
  { subresources }: KindDeclaration<T>,
  name: string,
): Subresource<T> | undefined {
  return subresources && Object.hasOwn(subresources, name) ? subresources[name] : undefined
}

/** The fields of `metadata` that clients write. */
export type MetadataField = 'labels' | 'annotations' | 'finalizers' | 'ownerReferences'

/** What stays as it is in a write of a part (metav1.ResetObjectMetaForStatus). */
export const allMetadata: readonly MetadataField[] = ['labels', 'annotations', 'finalizers', 'ownerReferences']

export interface StatusStrategy<T> {
  /** Whether a created object keeps the status it came with (Node). */
  keptOnCreate?: boolean
  /** Fields of `metadata` that a status write leaves as they are; a status write may change the others. */
  keepsMetadata?: readonly MetadataField[]
  /** `previous` is the object itself when it is created with its status. */
  validateStatus?(next: T, previous: T): FieldError[]
  setStatusDefaults?(object: T): void
  /** Keeps what a status write leaves out though it does not go away; mutates `next`. */
  prepareStatus?(next: T, previous: T): void
}

/** JSON paths of the scale subresource, dots between fields. */
export interface ScalePaths {
  specReplicas: string
  statusReplicas: string
  /** Path of the selector: a LabelSelector or a map. */
  selector: string
}

export interface Column<T> {
  name: string
  type: 'string' | 'integer' | 'date' | 'boolean'
  description: string
  format?: 'name'
  /** 0 = always shown, 1 = `-o wide`. */
  priority?: 0 | 1
  /** @param now ms since the epoch, for ages. */
  value(object: T, now: number): string | number | boolean | null
}
