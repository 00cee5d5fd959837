import { withTransitionTime } from '#shared/kube/conditions.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Resource } from '#shared/client/client.ts'
import { collectionPath } from '#shared/client/kube-client.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Namespace, NamespaceCondition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { namespaces, pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

export interface NamespaceOptions {
  /** All namespaced resources; read for every deletion, since custom resources come and go. */
  namespacedResources: () => readonly Resource[] | Promise<readonly Resource[]>
}

/** Pause between checks of a namespace that is not empty yet, ms; the end of its last pod causes a check at once. */
const patienceMs = 1000

/** Deletes the content of namespaces under deletion, pods first, then finalizes them. */
export function startNamespaces(context: ControllerContext, { namespacedResources }: NamespaceOptions): Stop {
  const { client, clock } = context
  const namespaceInformer = context.informers.share(namespaces)
  const podInformer = context.informers.share(pods)

  async function reconcile(name: string): Promise<Outcome> {
    const namespace = namespaceInformer.get(name)
    if (!namespace?.metadata.deletionTimestamp) return undefined
    if (!namespace.spec?.finalizers?.includes('kubernetes')) return undefined
    const content = await empty(name, await namespacedResources())
    await writeConditions(namespace, content)
    if (content.failures.length > 0) throw new Error(content.failures.join('; '))
    if (content.remaining.size > 0) return { requeueAfter: patienceMs }
    await finalize(name)
    return undefined
  }

  /** Deletes everything; pods first, so that what they use outlives them. */
  async function empty(namespace: string, resources: readonly Resource[]): Promise<Content> {
    const content: Content = { remaining: new Map(), finalizers: new Map(), failures: [] }
    const isPods = ({ group, plural }: Resource): boolean => group === '' && plural === 'pods'
    await Promise.all(resources.filter(isPods).map((resource) => emptyOf(resource, namespace, content)))
    if (content.remaining.size > 0) return content
    await Promise.all(resources.filter((other) => !isPods(other)).map((other) => emptyOf(other, namespace, content)))
    return content
  }

  async function emptyOf(resource: Resource, namespace: string, content: Content): Promise<void> {
    try {
      const before = await client.list(resource, { namespace })
      if (before.items.length === 0) return
      await client.transport.request({ method: 'DELETE', path: collectionPath(resource, namespace), body: background })
      const { items } = await client.list(resource, { namespace })
      if (items.length > 0) content.remaining.set(qualifiedName(resource), items.length)
      for (const finalizer of items.flatMap(({ metadata }) => metadata.finalizers ?? []))
        content.finalizers.set(finalizer, (content.finalizers.get(finalizer) ?? 0) + 1)
    } catch (error) {
      // The resource is no longer served (its definition was deleted): it has no content.
      if (!isNotFound(error)) content.failures.push(`${qualifiedName(resource)}: ${messageOf(error)}`)
    }
  }

  async function writeConditions(namespace: Stored<Namespace>, content: Content): Promise<void> {
    const nothingToTell = content.remaining.size === 0 && content.failures.length === 0
    const present = namespace.status?.conditions ?? []
    if (nothingToTell && present.length === 0) return
    const conditions = conditionsOf(content, present, timestamp(clock.now()))
    const status = { ...namespace.status, phase: 'Terminating', conditions }
    if (jsonEqual(status, namespace.status)) return
    await namespaceInformer.caughtUp(await client.updateStatus(namespaces, { ...namespace, status }))
  }

  async function finalize(name: string): Promise<void> {
    try {
      const live = await client.get(namespaces, { name })
      const finalizers = live.spec?.finalizers?.filter((finalizer) => finalizer !== 'kubernetes') ?? []
      await client.update(namespaces, { ...live, spec: { ...live.spec, finalizers } }, { subresource: 'finalize' })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const isTerminating = (name: string): boolean => Boolean(namespaceInformer.get(name)?.metadata.deletionTimestamp)

  const controller = runController({
    ...context,
    name: 'namespace',
    reconcile,
    shares: [namespaceInformer, podInformer],
    workers: 4,
    watches: [
      watch(namespaceInformer, ({ metadata }) => metadata.name),
      watch(podInformer, ({ metadata }) =>
        isTerminating(metadata.namespace) && !podInformer.get(`${metadata.namespace}/${metadata.name}`)
          ? metadata.namespace
          : undefined,
      ),
    ],
  })

  return () => controller.stop()
}

/** Some kinds would leave their dependents otherwise. */
const background = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }

/** What is left of a namespace's content: counts by resource and by finalizer, and failures. */
interface Content {
  remaining: Map<string, number>
  finalizers: Map<string, number>
  failures: string[]
}

const qualifiedName = ({ group, plural }: Resource): string => (group ? `${plural}.${group}` : plural)

function conditionsOf(content: Content, present: readonly NamespaceCondition[], now: string): NamespaceCondition[] {
  const list = (counts: Map<string, number>, text: (name: string, count: number) => string): string =>
    [...counts]
      .sort()
      .map(([name, count]) => text(name, count))
      .join(', ')
  const judgements: [
    type: string,
    bad: boolean,
    badReason: string,
    badMessage: string,
    good: string,
    goodMessage: string,
  ][] = [
    [
      'NamespaceDeletionDiscoveryFailure',
      false,
      '',
      '',
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ],
    [
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      '',
      '',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ],
    [
      'NamespaceDeletionContentFailure',
      content.failures.length > 0,
      'ContentDeletionFailed',
      `Failed to delete all resource types, ${content.failures.length} remaining: ${content.failures.join(', ')}`,
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ],
    [
      'NamespaceContentRemaining',
      content.remaining.size > 0,
      'SomeResourcesRemain',
      `Some resources are remaining: ${list(content.remaining, (name, count) => `${name} has ${count} resource instances`)}`,
      'ContentRemoved',
      'All content successfully removed',
    ],
    [
      'NamespaceFinalizersRemaining',
      content.finalizers.size > 0,
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${list(content.finalizers, (name, count) => `${name} in ${count} resource instances`)}`,
      'ContentHasNoFinalizers',
      'All content-preserving finalizers finished',
    ],
  ]
  return judgements.map(([type, bad, badReason, badMessage, good, goodMessage]) => {
    const update = bad
      ? { type, status: 'True', reason: badReason, message: badMessage }
      : { type, status: 'False', reason: good, message: goodMessage }
    return withTransitionTime(present, update, now)
  })
}
