import type { Stop } from '#shared/base/disposable.ts'
import { isAlreadyExists, isNamespaceTerminating } from '#shared/kube/error-kinds.ts'
import { configMaps, namespaces } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

const name = 'kube-root-ca.crt'

/** Publishes the certificate of the cluster's authority in every namespace; it is mounted beside pods' tokens. */
export function startRootCa(context: ControllerContext, { rootCa }: { rootCa: string }): Stop {
  const { client } = context
  const namespaceInformer = context.informers.share(namespaces)
  const configMapInformer = context.informers.share(configMaps)
  const data = { 'ca.crt': rootCa }

  async function reconcile(namespace: string): Promise<Outcome> {
    const owner = namespaceInformer.get(namespace)
    const present = configMapInformer.get(`${namespace}/${name}`)
    if (!owner || owner.metadata.deletionTimestamp) return undefined
    if (present && Object.keys(present.data ?? {}).length === 1 && present.data?.['ca.crt'] === rootCa) return undefined
    try {
      const written = present
        ? await client.update(configMaps, { ...present, data })
        : await client.create(configMaps, { metadata: { name, namespace, annotations }, data })
      await configMapInformer.caughtUp(written)
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error
    }
    return undefined
  }

  const controller = runController({
    ...context,
    name: 'root-ca',
    reconcile,
    shares: [namespaceInformer, configMapInformer],
    workers: 4,
    watches: [
      watch(namespaceInformer, ({ metadata }) => metadata.name),
      watch(configMapInformer, ({ metadata }) => (metadata.name === name ? metadata.namespace : undefined)),
    ],
  })

  return () => controller.stop()
}

const annotations = {
  'kubernetes.io/description': 'The authority that signs the certificate of the API server; pods verify it by this.',
}
