import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { createInformer, keyOf } from '#shared/client/informer.ts'
import { isAnotherObject, isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Secret } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { secrets } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

/** Deletes bootstrap tokens, Secrets of type `bootstrap.kubernetes.io/token` in kube-system, once they have expired. */
export function startTokenCleaner(context: ControllerContext): Stop {
  const { client, clock, log } = context
  const tokens = createInformer<Secret>({
    client,
    resource: secrets,
    namespace: 'kube-system',
    fieldSelector: 'type=bootstrap.kubernetes.io/token',
    clock,
    log,
  })

  async function reconcile(key: string): Promise<Outcome> {
    const secret = tokens.get(key)
    if (!secret || secret.metadata.deletionTimestamp) return undefined
    const left = expiryOf(secret) - clock.now()
    if (left > 0) return Number.isFinite(left) ? { requeueAfter: left } : undefined
    await remove(secret)
    return undefined
  }

  /** Deletes the token unless its expiration was extended meanwhile. */
  async function remove(secret: Stored<Secret>): Promise<void> {
    const { uid, resourceVersion } = secret.metadata
    try {
      await client.delete(secrets, refOf(secret), { preconditions: { uid, resourceVersion } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error) && !isAnotherObject(error)) throw error
    }
  }

  tokens.start()
  const controller = runController({
    ...context,
    name: 'token-cleaner',
    reconcile,
    shares: [tokens],
    watches: [watch(tokens, keyOf)],
  })

  return () => controller.stop()
}

/** When a token expires, ms: never without an expiration, at once where it cannot be parsed, as in Kubernetes. */
function expiryOf({ data = {} }: Secret): number {
  const text = Buffer.from(data['expiration'] ?? '', 'base64').toString()
  if (text === '') return Infinity
  return Date.parse(text) || 0
}
