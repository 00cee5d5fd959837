import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Pod, ResourceResourceClaim as ResourceClaim } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { claimNamesOf, deleteProtection, isPodDone } from '#shared/kube/resource-claims.ts'
import { pods, resourceClaims, resourceClaimTemplates } from '#shared/kube/resources.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import { decideClaim, isPod, type ClaimDecision } from './decide.ts'
import { byOwner, generateClaims, ownerUid, reserveClaims } from './generated-claims.ts'

/** Index of pods by the claims, and of pods by the templates, that they use. */
const byClaim = 'resource-claim'
const byTemplate = 'resource-claim-template'

/**
 * Creates the claims of devices that pods have templates for, and releases those of pods that have ended, as Kubernetes'
 * resource-claim-controller. Allocation is the scheduler's.
 */
export function startResourceClaims(context: ControllerContext): Stop {
  const { client } = context
  const recorder = recorderOf(context, 'resource-claim', 'resource_claim')
  const podInformer = context.informers.share(pods)
  const claims = context.informers.share(resourceClaims)
  const templates = context.informers.share(resourceClaimTemplates)
  podInformer.addIndex(byClaim, claimKeysOf)
  podInformer.addIndex(byTemplate, templateKeysOf)
  claims.addIndex(byOwner, ownerUid)
  const options = { client, recorder, podInformer, claims, templates }

  async function reconcilePod(key: string): Promise<Outcome> {
    const pod = podInformer.get(key)
    if (!pod || pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined
    await generateClaims(pod, options)
    await reserveClaims(pod, options)
    return undefined
  }

  async function reconcileClaim(key: string): Promise<Outcome> {
    const claim = claims.get(key)
    if (!claim) return undefined
    const consumers = await consumersOf(claim)
    const podKey = (name: string): string => `${claim.metadata.namespace}/${name}`
    const decision = decideClaim(
      claim,
      (name) => consumers.get(name),
      (name) => podInformer.get(podKey(name)),
    )
    await carryOut(claim, decision)
    return undefined
  }

  /** A pod that is not known here may be new: only the API server knows whether it is gone. */
  async function consumersOf({ metadata: { namespace }, status }: Stored<ResourceClaim>): Promise<Map<string, Pod>> {
    const found = new Map<string, Pod>()
    for (const { name } of (status?.reservedFor ?? []).filter(isPod)) {
      const pod = podInformer.get(`${namespace}/${name}`) ?? (await live(namespace, name))
      if (pod) found.set(name, pod)
    }
    return found
  }

  async function live(namespace: string, name: string): Promise<Pod | undefined> {
    try {
      return await client.get(pods, { namespace, name })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async function carryOut(claim: Stored<ResourceClaim>, decision: ClaimDecision): Promise<void> {
    let current = claim
    try {
      if (decision.reservedFor || decision.deallocate)
        current = await client.update(resourceClaims, released(current, decision), { subresource: 'status' })
      if (decision.unprotect) {
        const finalizers = current.metadata.finalizers?.filter((name) => name !== deleteProtection) ?? []
        const metadata = { ...current.metadata, finalizers }
        current = await client.update(resourceClaims, { ...current, metadata })
      }
      if (decision.delete)
        await client.delete(resourceClaims, refOf(claim), { preconditions: { uid: claim.metadata.uid } })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  const usersOf = (claim: Stored<ResourceClaim>): string[] => podInformer.byIndex(byClaim, keyOf(claim)).map(keyOf)
  /** A claim that is deleted by mistake is created anew. */
  const ownersOf = (claim: Stored<ResourceClaim>): string[] => {
    const owner = controllerOf(claim)
    return owner?.kind === 'Pod' ? [`${claim.metadata.namespace}/${owner.name}`] : []
  }

  const podController = runController({
    ...context,
    name: 'resource-claim-pods',
    reconcile: reconcilePod,
    shares: [templates],
    workers: 10,
    watches: [
      watch(
        podInformer,
        (pod) => (pod.spec?.resourceClaims?.length ? keyOf(pod) : undefined),
        (previous, pod) =>
          previous.spec?.nodeName !== pod.spec?.nodeName ||
          previous.status?.resourceClaimStatuses !== pod.status?.resourceClaimStatuses,
      ),
      watch(claims, (claim) => [...usersOf(claim), ...ownersOf(claim)]),
      watch(templates, (template) => podInformer.byIndex(byTemplate, keyOf(template)).map(keyOf)),
    ],
  })

  const claimController = runController({
    ...context,
    name: 'resource-claim',
    reconcile: reconcileClaim,
    shares: [podInformer, claims],
    workers: 10,
    watches: [
      watch(claims, keyOf),
      watch(podInformer, claimKeysOf, (previous, pod) => isPodDone(previous) !== isPodDone(pod)),
    ],
  })

  return async () => {
    await podController.stop()
    await claimController.stop()
    await recorder.flush()
  }
}

function released(claim: Stored<ResourceClaim>, { reservedFor, deallocate }: ClaimDecision): Stored<ResourceClaim> {
  const { allocation, devices, reservedFor: present } = claim.status ?? {}
  const remaining = reservedFor ?? present ?? []
  return {
    ...claim,
    status: {
      // What drivers reported was about the devices that are freed.
      ...(allocation && !deallocate ? { allocation, ...(devices ? { devices } : {}) } : {}),
      ...(remaining.length > 0 ? { reservedFor: remaining } : {}),
    },
  }
}

function claimKeysOf(pod: Stored<Pod>): string[] {
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName
  return [...claimNamesOf(pod), ...(extended === undefined ? [] : [extended])].map(
    (name) => `${pod.metadata.namespace}/${name}`,
  )
}

const templateKeysOf = (pod: Stored<Pod>): string[] =>
  (pod.spec?.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
    name === undefined ? [] : [`${pod.metadata.namespace}/${name}`],
  )
