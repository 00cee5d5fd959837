import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { FieldError } from '#shared/kube/status.ts'
import type { Action, GroupVersionKind } from './action.ts'

/**
 * Everything the generic registry needs to know about a resource. To add a kind, write a declaration and list it in
 * `kinds/index.ts`. `kinds/core/configmap.ts` is the example to follow.
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
  /** Group and resource of the storage key when several versions share one store (events); its own when unset. */
  storage?: { group: string; plural: string }
  /** The version that objects are stored in, where it is another one. */
  storedVersion?: string
  /**
   * Converts to and from the stored shape, where `storage` names another kind's store. Pure: neither mutates its
   * argument.
   */
  toStorage?(object: T): KubeObject
  fromStorage?(object: Stored): T
  /** Verbs served; all eight when unset (virtual review kinds serve only `create`). */
  verbs?: readonly Verb[]

  /** Validates a name; DNS subdomain when unset. */
  validateName?(name: string): readonly string[]
  /** Sets absent fields to defaults, on create and on update; mutates `object`. */
  setDefaults?(object: T): void
  /**
   * Drops fields that clients may not set (status, …) and sets those that only the server knows; mutates `object`.
   * Called after defaulting and mutating admission, as in Kubernetes.
   */
  prepareForCreate?(object: T): void
  /** Restores fields that clients may not change (status, …); mutates `next`. */
  prepareForUpdate?(next: T, previous: T): void
  /** `previous` is set for an update: values that were accepted before may be accepted again. */
  validate?(object: T, previous?: T): FieldError[]
  /**
   * What the kind's own validation of an update looks at in metadata: the object (ValidateObjectMeta), the change
   * (ValidateObjectMetaUpdate) or neither; both when unset. Every update is checked for both besides, so that a finding
   * of each is a cause of its own.
   */
  metadataOnUpdate?: 'object' | 'change' | 'unchecked'
  /** Whether an update reports the findings of `validate` twice, as Kubernetes' strategy of the kind does. */
  validatesUpdateTwice?: true
  /** Whether the findings of `validateUpdate` come before those of `validate`. */
  validatesChangeFirst?: true
  /** Validates the change between two states; `validate` runs too. */
  validateUpdate?(next: T, previous: T): FieldError[]
  /** Warning for every request to the resource: `v1 Endpoints is deprecated in v1.33+; …`. */
  deprecation?: string
  /** Warnings for the `Warning:` header. @param previous set for an update */
  warnings?(object: T, previous?: T): string[]

  /**
   * What `metadata.generation` counts: everything outside metadata and status, from 1, by default; nothing when false (ConfigMap,
   * Secret, … have no generation), nor when `fixed`, which leaves it at 1; with `changes` an object has none before its first.
   */
  generation?: boolean | 'fixed' | 'changes'
  /** A `status` subresource: a status write ignores the spec, a main write ignores the status. */
  status?: StatusStrategy<T>
  scale?: ScalePaths
  /** Values for `fieldSelector` besides `metadata.name` and `metadata.namespace`. */
  fields?: Record<string, (object: T) => string>
  /** Columns of `Table` output after NAME; AGE is a column like any other. */
  columns: readonly Column<T>[]
  /** Whether `columns` replace the NAME column too (Event). */
  columnsWithoutName?: boolean
  /** Whether an update may lack the resourceVersion that it is based on; by default it may (AllowUnconditionalUpdate). */
  unconditionalUpdate?: false
  /** Whether a PUT to an absent name creates it (Lease, Endpoints, …). */
  createOnUpdate?: boolean
  /** Whether a delete answers with the object instead of a Status (Pod, Service, PVC, …). */
  returnsDeleted?: boolean
  /** Whether a delete that names no propagation policy leaves the dependents (ReplicationController, Job). */
  orphansDependents?: boolean
  /** Warning for a delete that leaves the dependents because it names no propagation policy (Job). */
  orphanWarning?: string
  /** Reports whether something besides `metadata.finalizers` holds a deleted object (Namespace: `spec.finalizers`). */
  holdsDeletion?(object: T): boolean
  /** Changes an object when its deletion starts (Namespace: phase Terminating); mutates `object`. */
  prepareForDelete?(object: T): void
  /** Grace period of a delete in seconds (Pods); 0 when unset. */
  deletionGrace?(object: T, requested: number | undefined): number
  /** Subresources besides `status` and `scale`, by name. */
  subresources?: Readonly<Record<string, Subresource<T>>>
  /** Performs a POST to the collection, for a kind that is not stored (Binding). */
  action?: Action
  /** Reads an omitted `spec` as an empty one where the type does not require it (a struct, not a pointer, in Go). */
  emptySpec?: boolean
}

export type Subresource<T> = PartWrite<T> | Action | HandledSubresource

/** A subresource that is read and written like the object and changes one part of it. */
export interface PartWrite<T> {
  /** Verbs in discovery; get, patch and update when unset. */
  verbs?: readonly string[]
  /** The top-level field that a write changes besides metadata. */
  part: 'spec' | 'status'
  /** The only field of the part that a write changes; all of it when unset. */
  field?: string
  /** Restores what a write may not change in the part, where that is not a single field; mutates `next`. */
  restrict?(next: T, previous: T): void
  /** Drops the same fields from an apply configuration, so that the manager does not own them; mutates `config`. */
  restrictApplied?(config: T): void
  /** Fields of `metadata` that a write keeps; ownerReferences when unset. */
  keepsMetadata?: readonly MetadataField[]
  /** Validates a write; the validation of the object itself does not apply. */
  validate?(next: T, previous: T): FieldError[]
}

/**
 * A subresource whose handler the server receives from outside, because it needs more than the API: a node, or keys.
 */
export interface HandledSubresource {
  verbs: readonly string[]
  /** Kind of the body or the options, where it is not the parent's. */
  kind?: GroupVersionKind
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/** Returns the part write of a subresource; undefined for any other subresource. */
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

/** All metadata fields that clients write, for `keepsMetadata` (metav1.ResetObjectMetaForStatus). */
export const allMetadata: readonly MetadataField[] = ['labels', 'annotations', 'finalizers', 'ownerReferences']

export interface StatusStrategy<T> {
  /** Whether a created object keeps its status (Node). */
  keptOnCreate?: boolean
  /** Fields of `metadata` that a status write keeps; it may change the others. */
  keepsMetadata?: readonly MetadataField[]
  /** `previous` is the object itself when it is created with a status. */
  validateStatus?(next: T, previous: T): FieldError[]
  setStatusDefaults?(object: T): void
  /** Restores fields that a status write may not remove; mutates `next`. */
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
  type: 'string' | 'integer' | 'number' | 'date' | 'boolean'
  description: string
  format?: 'name' | 'quantity' | 'duration'
  /** 0 = always shown, 1 = `-o wide`. */
  priority?: 0 | 1
  /** @param now ms since the epoch, for ages. */
  value(object: T, now: number): string | number | boolean | null
}
