import type { Stop } from '#shared/base/disposable.ts'
import { isAlreadyExists, isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { APIService, CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { apiServices, customResourceDefinitions } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

const automanaged = 'kube-aggregator.kubernetes.io/automanaged'

/**
 * Registers the group versions of custom resources as long as a definition serves them, as Kubernetes'
 * crdRegistrationController; what somebody else registered under such a name is left alone.
 */
export function startCustomGroups(context: ControllerContext): Stop {
  const { client } = context
  const definitions = context.informers.share(customResourceDefinitions)
  const services = context.informers.share(apiServices)

  async function reconcile(name: string): Promise<Outcome> {
    const present = services.get(name)
    const served = definitions.list().some((definition) => namesOf(definition).includes(name))
    if (served && !present) await register(name)
    else if (!served && present?.metadata.labels?.[automanaged] === 'true') await unregister(present)
    return undefined
  }

  async function register(name: string): Promise<void> {
    const dot = name.indexOf('.')
    const spec = {
      group: name.slice(dot + 1),
      version: name.slice(0, dot),
      groupPriorityMinimum: 1000,
      versionPriority: 100,
    }
    try {
      await client.create(apiServices, { metadata: { name, labels: { [automanaged]: 'true' } }, spec })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }

  async function unregister({ metadata: { name, uid } }: Stored<APIService>): Promise<void> {
    try {
      await client.delete(apiServices, { name }, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  const controller = runController({
    ...context,
    name: 'crd-registration',
    reconcile,
    shares: [definitions, services],
    watches: [watch(definitions, everyNameOf), watch(services, ({ metadata }) => metadata.name)],
  })
  return () => controller.stop()
}

const everyNameOf = ({ spec }: CustomResourceDefinition): string[] =>
  spec.versions.map(({ name }) => `${name}.${spec.group}`)

/** Definitions under deletion or not established serve nothing. */
function namesOf({ metadata, spec, status }: CustomResourceDefinition): string[] {
  const established = status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True')
  if (metadata.deletionTimestamp || !established) return []
  return spec.versions.filter(({ served }) => served).map(({ name }) => `${name}.${spec.group}`)
}
