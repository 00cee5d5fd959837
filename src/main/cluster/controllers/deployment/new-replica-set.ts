import type { Deployment, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { deployments } from '#shared/kube/resources.ts'
import { podTemplateHash } from '#shared/kube/template-hash.ts'
import { controllerReference } from '#shared/reconcile/ownership.ts'

/** The label that tells the pods of one template from those of another. */
export const hashLabel = 'pod-template-hash'

/**
 * An empty ReplicaSet of the Deployment's template. Its name follows from the template and status.collisionCount, so a
 * creation that is repeated after a crash meets its predecessor instead of making a second one.
 */
export function newReplicaSet(deployment: Stored<Deployment>): ReplicaSet & Named {
  const { template, selector, minReadySeconds } = deployment.spec ?? {}
  const hash = podTemplateHash(template, deployment.status?.collisionCount)
  const labels = { ...template?.metadata?.labels, [hashLabel]: hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      ownerReferences: [controllerReference(deployment, deployments)],
    },
    spec: {
      replicas: 0,
      // Left out when 0 (`omitempty` in Go).
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  }
}
