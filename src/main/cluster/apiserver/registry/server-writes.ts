import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { notFound } from '#shared/kube/status.ts'
import type { ObjectKey, ServerWrites } from '../api/action.ts'
import type { Call } from '../api/request.ts'
import { timestamp, type RegistryContext, type Target } from './context.ts'
import { checkPreconditions, deleteObject } from './delete.ts'
import { maxAttempts, updateObject } from './write.ts'
import { deleteOptions, type WriteOptions } from './write-options.ts'

/** Creates the writes on behalf of `call`, with its user, field manager and dry run. */
export function serverWrites(context: RegistryContext, call: Call, options: WriteOptions): ServerWrites {
  const targetOf = ({ group, plural, namespace, name, subresource }: ObjectKey): Target => {
    const resource = context.resources.findAnyVersion(group, plural)
    if (!resource) throw notFound({ group, resource: plural }, name)
    return { resource, namespace, name, subresource }
  }
  return {
    now: () => timestamp(context.clock),
    async update<T extends KubeObject>(key: ObjectKey, next: (current: Stored<T>) => T): Promise<Stored<T>> {
      const written = await updateObject(context, targetOf(key), call, options, {
        attempts: maxAttempts,
        trusted: true,
        next: (current) => next(current as Stored<T>),
      })
      if (written.type !== 'object') throw new Error('expected an update to return an object')
      return written.object as Stored<T>
    },
    deletion(key, raw) {
      const target = targetOf(key)
      const deletion = deleteOptions(call, raw)
      return {
        dryRun: deletion.dryRun,
        resourceVersion: deletion.resourceVersion,
        checkPreconditions: (object) => checkPreconditions(target.resource, deletion, object),
        async run(over) {
          await deleteObject(context, target, call, { ...deletion, ...over })
        },
      }
    },
  }
}
