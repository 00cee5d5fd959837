import { asStored, type KubeObject } from '#shared/kube/object.ts'
import { failure, type ApiError } from '#shared/kube/status.ts'
import { RevisionMismatch, StoreFailed, type Entry, type Operation } from '../../store/store.ts'
import { writeNulls } from '../codec/decode.ts'
import type { Answer } from '../api/request.ts'
import { itemOf, type RegistryContext } from './context.ts'
import { refuseTooLarge } from './object-size.ts'
import { keyOf, type ServedResource } from '../api/resources.ts'

/** Reports whether a deleted object has no finalizer, grace period or kind-specific hold left. */
export const isReleased = ({ kind }: ServedResource, object: KubeObject): boolean =>
  (object.metadata.finalizers?.length ?? 0) === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  !kind.holdsDeletion?.(object)

/** Definitions and services of APIs are stored as JSON, all other built-in kinds as protobuf. */
const storedAsJson = /\.(apiextensions|apiregistration)\./

/** Writes an object to the store, unless it is a dry run. @throws RevisionMismatch, or ApiError 413 */
export async function store(
  context: RegistryContext,
  resource: ServedResource,
  object: KubeObject,
  expected: number,
  dryRun: boolean,
  code: number,
): Promise<Answer> {
  // Kubernetes answers the dry run of an update through its storage's form, that of a create without. Controllers and
  // workers here read lists that they wrote empty, which is why those that are stored stay lists.
  writeNulls(object, resource.type, dryRun && code !== 201 && !storedAsJson.test(resource.kind.schema))
  refuseTooLarge(object)
  const { metadata } = object
  const key = keyOf(resource, metadata.namespace ?? '', metadata.name ?? '')
  if (dryRun) {
    checkHead(context, key, expected)
    return { type: 'object', code, resource, object }
  }
  const converted = await resource.custom?.conversion?.written(object)
  const operation: Operation = {
    type: 'put',
    key,
    expected,
    build(revision) {
      metadata.resourceVersion = String(revision)
      return asStored(converted?.(metadata) ?? resource.kind.toStorage?.(object) ?? object, false)
    },
  }
  return answerOf(resource, await commitOne(context, operation), code)
}

/** Removes an object from the store. @throws RevisionMismatch */
export async function remove(
  context: RegistryContext,
  resource: ServedResource,
  object: KubeObject,
  expected: number,
  dryRun: boolean,
): Promise<Answer> {
  const key = keyOf(resource, object.metadata.namespace ?? '', object.metadata.name ?? '')
  if (dryRun) {
    checkHead(context, key, expected)
    return { type: 'object', code: 200, resource, object }
  }
  const converted = await resource.custom?.conversion?.written(object)
  const operation: Operation = {
    type: 'delete',
    key,
    expected,
    build(revision) {
      const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
      return asStored(converted?.(last.metadata) ?? resource.kind.toStorage?.(last) ?? last, false)
    },
  }
  return answerOf(resource, await commitOne(context, operation), 200)
}

async function commitOne({ store }: RegistryContext, operation: Operation): Promise<Entry> {
  const [entry] = await store.commit([operation]).catch((error: unknown) => {
    throw error instanceof StoreFailed ? storeUnavailable(error) : error
  })
  if (!entry) throw new Error(`the store returned no entry for ${operation.key}`)
  return entry
}

/** 503 with Retry-After, after which client-go retries. */
const storeUnavailable = ({ message }: StoreFailed): ApiError =>
  failure(503, 'ServiceUnavailable', message, { retryAfterSeconds: 1 })

function answerOf(resource: ServedResource, entry: Entry, code: number): Answer {
  const { object, json } = itemOf(resource, entry)
  return { type: 'object', code, resource, object, json }
}

function checkHead({ store }: RegistryContext, key: string, expected: number): void {
  const head = store.head(key)
  if ((head?.revision ?? 0) !== expected) throw new RevisionMismatch(key, head)
}
