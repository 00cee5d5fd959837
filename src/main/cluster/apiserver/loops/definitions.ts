import type { Stop } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import { isConditionTrue, setCondition, type ConditionUpdate } from '#shared/kube/conditions.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { isProtectedGroup } from '../kinds/apiextensions/customresourcedefinition/validation.ts'
import { bundleProblem } from '../kinds/apiextensions/customresourcedefinition/conversion.ts'
import { cleanupFinalizer } from '../kinds/apiextensions/customresourcedefinition/index.ts'
import type { CustomKinds } from '../custom/custom-kinds.ts'

type Condition = ConditionUpdate<CustomResourceDefinitionCondition>

const patienceMs = 300

/**
 * Controller of CustomResourceDefinitions: accepts their names, serves their kinds, writes their conditions, and deletes
 * the objects of those under deletion.
 */
export function startDefinitions(context: ControllerContext, { custom }: { custom: CustomKinds }): Stop {
  const { client, clock } = context
  const informer = context.informers.share(customResourceDefinitions)

  async function reconcile(name: string): Promise<Outcome> {
    const definition = informer.get(name)
    if (!definition) {
      custom.remove(name)
      return undefined
    }
    if (definition.metadata.deletionTimestamp) return finalize(definition)
    const { accepted, conditions } = judge(definition)
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) custom.put(definition)
    else custom.remove(name)
    await report(definition, [...conditions, ...approvalOf(definition)], accepted)
    return undefined
  }

  /** Refuses names that another definition of the group holds. */
  function judge(definition: CustomResourceDefinition): {
    accepted: CustomResourceDefinitionNames
    conditions: Condition[]
  } {
    const conflict = conflictOf(definition, informer.list())
    if (conflict) {
      const wasThere = definition.status?.conditions?.some(
        ({ type, status }) => type === 'Established' && status === 'True',
      )
      return {
        accepted: definition.status?.acceptedNames ?? { plural: '', kind: '' },
        conditions: [
          { type: 'NamesAccepted', status: 'False', ...conflict },
          ...(wasThere
            ? [established]
            : [{ type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }]),
        ],
      }
    }
    return { accepted: definition.spec.names, conditions: [namesAccepted, establishmentOf(definition)] }
  }

  async function report(
    definition: Stored<CustomResourceDefinition>,
    conditions: readonly Condition[],
    acceptedNames: CustomResourceDefinitionNames,
  ): Promise<void> {
    const present = definition.status?.conditions ?? []
    const now = timestamp(clock.now())
    const next = conditions.reduce<CustomResourceDefinitionCondition[]>(
      (list, condition) => setCondition(list, condition, now),
      present,
    )
    const storage = definition.spec.versions.find((version) => version.storage)?.name
    const stored = definition.status?.storedVersions ?? []
    const storedVersions = storage === undefined || stored.includes(storage) ? stored : [...stored, storage]
    const status = { ...definition.status, conditions: next, acceptedNames, storedVersions }
    if (!jsonEqual(status, definition.status)) await writeStatus({ ...definition, status })
  }

  async function writeStatus(definition: Stored<CustomResourceDefinition>): Promise<void> {
    try {
      const written = await client.update(customResourceDefinitions, definition, { subresource: 'status' })
      await informer.caughtUp(written)
    } catch (error) {
      // The concurrent change queues the definition again.
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
  }

  /** Deletes the objects first, then lets the definition go. */
  async function finalize(definition: Stored<CustomResourceDefinition>): Promise<Outcome> {
    custom.put(definition)
    const { metadata, status } = definition
    if (!metadata.finalizers?.includes(cleanupFinalizer)) return undefined
    if (!status?.conditions?.some(({ type, status: value }) => type === 'Terminating' && value === 'True')) {
      await report(definition, [terminating], status?.acceptedNames ?? definition.spec.names)
      return { requeueAfter: 0 }
    }
    const left = await emptyOf(definition)
    if (left > 0) return { requeueAfter: patienceMs }
    const finalizers = metadata.finalizers.filter((finalizer) => finalizer !== cleanupFinalizer)
    try {
      await client.update(customResourceDefinitions, { ...definition, metadata: { ...metadata, finalizers } })
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
    return undefined
  }

  async function emptyOf({ spec }: CustomResourceDefinition): Promise<number> {
    const version = spec.versions.find(({ served }) => served)
    if (!version) return 0
    const resource: Resource = {
      group: spec.group,
      version: version.name,
      kind: spec.names.kind,
      plural: spec.names.plural,
      namespaced: spec.scope === 'Namespaced',
    }
    const { items } = await client.list(resource)
    await Promise.all(
      items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) =>
          client.delete(resource, { name: metadata.name, namespace: metadata.namespace }).catch((error: unknown) => {
            if (!isNotFound(error)) throw error
          }),
        ),
    )
    return items.length === 0 ? 0 : (await client.list(resource)).items.length
  }

  const controller = runController({
    ...context,
    name: 'crd',
    reconcile,
    shares: [informer],
    // One worker: names are accepted in order.
    workers: 1,
    watches: [
      watch(informer, ({ metadata, spec }) => [
        metadata.name,
        // A definition that waits for a name of this one may get it now.
        ...informer
          .list()
          .filter(
            (other) => other.spec.group === spec.group && other.metadata.name !== metadata.name && isRefused(other),
          )
          .map((other) => other.metadata.name),
      ]),
    ],
  })
  return () => controller.stop()
}

const namesAccepted: Condition = {
  type: 'NamesAccepted',
  status: 'True',
  reason: 'NoConflicts',
  message: 'no conflicts found',
}
const established: Condition = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
}
/** A new definition with a CA bundle that is none is not served until it has a good one. */
function establishmentOf({ spec, status }: CustomResourceDefinition): Condition {
  const problem = isConditionTrue(status?.conditions, 'Established')
    ? undefined
    : bundleProblem(spec.conversion?.webhook?.clientConfig?.caBundle)
  if (problem === undefined) return established
  return {
    type: 'Established',
    status: 'False',
    reason: 'InvalidCABundle',
    message: `The conversion webhook CABundle is invalid: ${problem}`,
  }
}
const terminating: Condition = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
}

/** Groups of the Kubernetes project need the annotation `api-approved.kubernetes.io`. */
function approvalOf({ metadata, spec }: CustomResourceDefinition): Condition[] {
  if (!isProtectedGroup(spec.group)) return []
  const type = 'KubernetesAPIApprovalPolicyConformant'
  const approval = metadata.annotations?.['api-approved.kubernetes.io'] ?? ''
  if (approval.startsWith('unapproved'))
    return [
      { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(approval)}` },
    ]
  return [{ type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${approval}` }]
}

const isRefused = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'NamesAccepted' && value === 'False') === true

function conflictOf(
  { metadata, spec }: CustomResourceDefinition,
  all: readonly CustomResourceDefinition[],
): { reason: string; message: string } | undefined {
  const taken = all
    .filter((other) => other.spec.group === spec.group && other.metadata.uid !== metadata.uid)
    .map(({ status }) => status?.acceptedNames)
    .filter((names) => names !== undefined)
  const resources = new Set(
    taken.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...(shortNames ?? [])]),
  )
  const kinds = new Set(taken.flatMap(({ kind, listKind }) => [kind, listKind]))
  const { plural, singular, shortNames = [], kind, listKind } = spec.names
  const named = (reason: string, name: string): { reason: string; message: string } => ({
    reason,
    message: `${JSON.stringify(name)} is already in use`,
  })
  if (resources.has(plural)) return named('PluralConflict', plural)
  if (singular && resources.has(singular)) return named('SingularConflict', singular)
  const short = shortNames.find((name) => resources.has(name))
  if (short !== undefined) return named('ShortNamesConflict', short)
  if (kinds.has(kind)) return named('KindConflict', kind)
  if (listKind && kinds.has(listKind)) return named('ListKindConflict', listKind)
  return undefined
}
