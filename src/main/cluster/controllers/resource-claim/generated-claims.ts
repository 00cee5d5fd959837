import { messageOf } from '#shared/base/message-of.ts'
import { refOf, type Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf, type Informer } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import type {
  Pod,
  PodResourceClaim,
  PodResourceClaimStatus,
  ResourceClaimTemplate,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { claimNameOf, foreignClaim, isReservedFor, podClaimAnnotation } from '#shared/kube/resource-claims.ts'
import { pods, resourceClaims, resourceClaimTemplates } from '#shared/kube/resources.ts'
import { notFound } from '#shared/kube/status.ts'
import { controllerOf, controllerReference } from '#shared/reconcile/ownership.ts'

export interface GeneratedClaimsOptions {
  client: Client
  recorder: EventRecorder
  podInformer: Informer<Pod>
  claims: Informer<ResourceClaim>
  templates: Informer<ResourceClaimTemplate>
}

/** Index of claims by the pod that owns them. */
export const byOwner = 'pod-owner'

export const ownerUid = (claim: Stored<ResourceClaim>): string | undefined => controllerOf(claim)?.uid

/** Name of the controller as a writer of pods' statuses. */
const fieldManager = 'ResourceClaimController'
/** Leaves room for five random characters in a name of 63. */
const longestBase = 57

/**
 * Gives a pod the claims that it has templates for, and tells it their names in `status.resourceClaimStatuses`.
 * @throws Error where a claim could not be created; it is reported as an event of the pod
 */
export async function generateClaims(pod: Stored<Pod>, options: GeneratedClaimsOptions): Promise<void> {
  const created: PodResourceClaimStatus[] = []
  for (const entry of pod.spec?.resourceClaims ?? []) {
    try {
      const claim = await claimFor(pod, entry, options)
      if (claim) created.push({ name: entry.name, resourceClaimName: claim.metadata.name })
    } catch (error) {
      const message = `PodResourceClaim ${entry.name}: ${messageOf(error)}`
      options.recorder.event(withType(pods, pod), 'Warning', 'FailedResourceClaimCreation', message)
      throw new Error(`pod ${keyOf(pod)}, ${message}`, { cause: error })
    }
  }
  if (created.length > 0) await announce(pod, created, options)
}

/** All names are told again: the manager of the field gives up those that it leaves out. */
async function announce(
  pod: Stored<Pod>,
  created: readonly PodResourceClaimStatus[],
  { client, podInformer }: Pick<GeneratedClaimsOptions, 'client' | 'podInformer'>,
): Promise<void> {
  const known = (pod.status?.resourceClaimStatuses ?? []).filter(
    ({ name }) => !created.some((each) => each.name === name),
  )
  const { namespace, name, uid } = pod.metadata
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, uid },
    status: { resourceClaimStatuses: [...known, ...created] },
  }
  const options = { subresource: 'status', fieldManager, force: true }
  await podInformer.caughtUp(await client.patch(pods, refOf(pod), { type: 'apply', body }, options))
}

/** The claim that the pod is to be told of; undefined where it needs none or knows it. */
async function claimFor(
  pod: Stored<Pod>,
  entry: PodResourceClaim,
  { client, claims, templates }: GeneratedClaimsOptions,
): Promise<Stored<ResourceClaim> | undefined> {
  const found = claimNameOf(pod, entry)
  if (found === undefined || entry.resourceClaimTemplateName === undefined) return undefined
  if (typeof found === 'object') {
    const known = claims.get(`${pod.metadata.namespace}/${found.name}`)
    if (known && foreignClaim(pod, known) === undefined) return undefined
  }
  // Created before, but the pod was not told.
  const orphan = claims
    .byIndex(byOwner, pod.metadata.uid)
    .find(({ metadata }) => metadata.annotations?.[podClaimAnnotation] === entry.name)
  if (orphan) return orphan
  const templateName = entry.resourceClaimTemplateName
  const template = templates.get(`${pod.metadata.namespace}/${templateName}`)
  if (!template) {
    const kind = { group: resourceClaimTemplates.group, resource: 'resourceclaimtemplate' }
    throw new Error(`resource claim template "${templateName}": ${notFound(kind, templateName).message}`)
  }
  const created = await create(client, claimOf(pod, entry.name, template))
  await claims.caughtUp(created)
  return created
}

async function create(client: Client, claim: ReturnType<typeof claimOf>): Promise<Stored<ResourceClaim>> {
  try {
    return await client.create(resourceClaims, claim)
  } catch (error) {
    throw new Error(`create ResourceClaim : ${messageOf(error)}`, { cause: error })
  }
}

const claimOf = (pod: Stored<Pod>, entry: string, { spec }: ResourceClaimTemplate): ResourceClaim => ({
  metadata: {
    namespace: pod.metadata.namespace,
    generateName: baseName(pod.metadata.name, entry),
    ...(spec.metadata?.labels ? { labels: spec.metadata.labels } : {}),
    annotations: { ...spec.metadata?.annotations, [podClaimAnnotation]: entry },
    ownerReferences: [controllerReference(pod, pods)],
  },
  spec: spec.spec,
})

/** `pod-entry-`; both parts are shortened in proportion where that is too long. */
function baseName(pod: string, entry: string): string {
  const base = `${pod}-${entry}-`
  if (base.length <= longestBase) return base
  const part = (text: string): string => text.slice(0, Math.floor((text.length * longestBase) / base.length))
  return `${part(pod)}-${part(entry)}`
}

/** Reserves allocated claims for a pod that was placed without the scheduler. */
export async function reserveClaims(
  pod: Stored<Pod>,
  { client, claims }: Pick<GeneratedClaimsOptions, 'client' | 'claims'>,
): Promise<void> {
  if (!pod.spec?.nodeName) return
  for (const entry of pod.spec.resourceClaims ?? []) {
    const found = claimNameOf(pod, entry)
    if (typeof found !== 'object') continue
    const claim = claims.get(`${pod.metadata.namespace}/${found.name}`)
    if (!claim?.status?.allocation || isReservedFor(claim, pod)) continue
    if (found.isGenerated && foreignClaim(pod, claim) !== undefined) continue
    const consumer = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid }
    const reservedFor = [...(claim.status.reservedFor ?? []), consumer]
    await client.update(
      resourceClaims,
      { ...claim, status: { ...claim.status, reservedFor } },
      { subresource: 'status' },
    )
  }
}
