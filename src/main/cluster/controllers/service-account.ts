import type { Stop } from '#shared/base/disposable.ts'
import { isAlreadyExists, isNamespaceTerminating } from '#shared/kube/error-kinds.ts'
import { namespaces, serviceAccounts } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

/** Creates the ServiceAccount `default` in every namespace: the account of pods that name none. */
export function startServiceAccounts(context: ControllerContext): Stop {
  const { client } = context
  const namespaceInformer = context.informers.share(namespaces)
  const accounts = context.informers.share(serviceAccounts)

  async function reconcile(name: string): Promise<Outcome> {
    const namespace = namespaceInformer.get(name)
    if (!namespace || namespace.metadata.deletionTimestamp || accounts.get(`${name}/default`)) return undefined
    try {
      await accounts.caughtUp(await client.create(serviceAccounts, { metadata: { name: 'default', namespace: name } }))
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error
    }
    return undefined
  }

  const controller = runController({
    ...context,
    name: 'service-account',
    reconcile,
    shares: [namespaceInformer, accounts],
    workers: 4,
    watches: [
      watch(namespaceInformer, ({ metadata }) => metadata.name),
      watch(accounts, ({ metadata }) => (metadata.name === 'default' ? metadata.namespace : undefined)),
    ],
  })

  return () => controller.stop()
}
