import { messageOf } from '../base/message-of.ts'
import { isForbidden, isNotFound } from '../kube/error-kinds.ts'
import type { KubeObject } from '../kube/object.ts'
import { ownSet } from '../kube/own-set.ts'
import type { Applied, Applier } from './applier.ts'

/** What a dry run says of one object. */
export type Rehearsed =
  | (Applied & { checked: 'there' })
  /** As a new object of another namespace: its own one does not exist yet. */
  | { checked: 'elsewhere' }
  | (Unchecked & { checked: 'no' })

/** Why the server cannot check an object before another one of its set is there. */
export interface Unchecked {
  /** The definition of its kind, an object that admission asks for, or its namespace, and nobody may write to the stand-in. */
  lacks: 'definition' | 'object' | 'namespace'
  /** Kind and name of what it waits for. */
  what: string
  /** The server's words. */
  message: string
}

/** @throws ApiError with what the server has against the object */
export type Rehearse = (object: KubeObject, options?: { force?: boolean }) => Promise<Rehearsed>

/**
 * Dry runs of objects that are going to be applied together: what one brings into being for another is not there yet, so a
 * refusal for its sake is none.
 * @param namespace of objects that name none
 * @param unmade namespaces that do not exist yet; those that the objects make come by themselves, if they are rehearsed first
 */
export function createRehearsal(
  applier: Pick<Applier, 'apply' | 'rehearse'>,
  objects: readonly KubeObject[],
  { namespace, unmade: missing = [] }: { namespace: string; unmade?: readonly string[] },
): Rehearse {
  const own = ownSet(objects)
  const unmade = new Set(missing)

  async function elsewhere(object: KubeObject, place: string): Promise<Rehearsed> {
    try {
      await applier.rehearse(object)
      return { checked: 'elsewhere' }
    } catch (error) {
      // Rights in the stand-in say nothing of those in its own namespace.
      if (!isForbidden(error) || own.brings(messageOf(error)) !== undefined) throw error
      return { checked: 'no', lacks: 'namespace', what: `Namespace ${place}`, message: messageOf(error) }
    }
  }

  return async (object, { force = false } = {}) => {
    const { kind = '', metadata } = object
    const place = metadata.namespace ?? namespace
    try {
      if (kind !== 'Namespace' && unmade.has(place)) return await elsewhere(object, place)
      const applied = await applier.apply(object, { namespace, dryRun: true, force })
      if (kind === 'Namespace' && applied.outcome === 'created') unmade.add(metadata.name ?? '')
      return { checked: 'there', ...applied }
    } catch (error) {
      const message = messageOf(error)
      if (isNotFound(error) && own.defines(object)) return { checked: 'no', lacks: 'definition', what: kind, message }
      const what = own.brings(message)
      if (what !== undefined) return { checked: 'no', lacks: 'object', what, message }
      throw error
    }
  }
}
