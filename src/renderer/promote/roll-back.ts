import { refOf, type Client } from '#shared/client/client.ts'
import { withType } from '#shared/client/kube-client.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isAnotherObject, isConflict, isNotFound, undefinedIfMissing } from '#shared/kube/error-kinds.ts'
import { restore } from '../views/time-machine/restore.ts'
import { isTouched, manager, type Written } from './plan.ts'

/**
 * Undoes one object of a promotion: what was created is deleted, unless another one has its name by now, and what was
 * changed is put back, with the owners that its fields had.
 * @throws ApiError with the server's reason
 */
export async function rollBack(client: Client, { resource, before, after }: Written): Promise<void> {
  const ref = refOf(after)
  if (!before) {
    const preconditions = { uid: after.metadata.uid }
    await client.delete(resource, ref, { propagationPolicy: 'Background', preconditions }).catch((error: unknown) => {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    })
    return
  }
  const then = withType(resource, before)
  await untilUnchanged(() => restore(client, resource, then, { fieldManager: manager }))
  // Writing it has made this manager the owner of what it has changed: without that, the next promotion meets no conflict.
  const { managedFields } = before.metadata
  if (managedFields)
    await client.patch(
      resource,
      ref,
      { type: 'merge', body: { metadata: { managedFields } } },
      { fieldManager: manager },
    )
}

/** The objects that somebody has changed, or replaced, since they were promoted. @throws ApiError */
export async function touchedSince(client: Client, written: readonly Written[]): Promise<Written[]> {
  const all = await Promise.all(
    written.map(async (each) => {
      const now: Stored | undefined = await client.get(each.resource, refOf(each.after)).catch(undefinedIfMissing)
      const isSame = now !== undefined && now.metadata.uid === each.after.metadata.uid
      return isSame && !isTouched(withType(each.resource, each.after), withType(each.resource, now)) ? [] : [each]
    }),
  )
  return all.flat()
}

/** Controllers write statuses while a workload rolls out: what was read a moment before is then refused, and read again. */
async function untilUnchanged(write: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await write()
      return
    } catch (error) {
      if (!isConflict(error) || attempt === mostAttempts) throw error
    }
  }
}
const mostAttempts = 10
