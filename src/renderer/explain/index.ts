import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { explainJob, explainCronJob } from './job.ts'
import { explainNode } from './node.ts'
import { explainAutoscaler, explainBudget, explainConditions, explainNamespace } from './other.ts'
import { explainPod } from './pod.ts'
import type { Explanation, Surroundings } from './explanation.ts'
import { explainQuota } from './quota.ts'
import { explainIngress, explainService } from './service.ts'
import { explainClaim, explainVolume } from './storage.ts'
import { explainDeployment, explainWorkload } from './workload.ts'

export type { Explanation, ObjectLink, Surroundings, Try } from './explanation.ts'

/**
 * What is the matter with an object of any kind; undefined when nothing is known to be. Kinds without an explanation of
 * their own are judged by their conditions and finalizers.
 * @param kind group and kind: `apps/Deployment`, `Pod`
 */
export function explain(kind: string, object: Stored, near: Surroundings): Explanation | undefined {
  const own = explainers[kind]?.explain(object, near)
  return own ?? (kind === 'Pod' || kind === 'Namespace' ? undefined : explainConditions(object, near))
}

/** Declared as a method, so that a kind's own explanation, which takes its own type, is one. */
interface Explainer {
  explain(object: KubeObject, near: Surroundings): Explanation | undefined
}
const explainers: Readonly<Record<string, Explainer>> = {
  Pod: { explain: explainPod },
  'apps/Deployment': { explain: explainDeployment },
  'apps/ReplicaSet': { explain: explainWorkload },
  'apps/StatefulSet': { explain: explainWorkload },
  'apps/DaemonSet': { explain: explainWorkload },
  'batch/Job': { explain: explainJob },
  'batch/CronJob': { explain: explainCronJob },
  Service: { explain: explainService },
  'networking.k8s.io/Ingress': { explain: explainIngress },
  PersistentVolumeClaim: { explain: explainClaim },
  PersistentVolume: { explain: explainVolume },
  Node: { explain: explainNode },
  'autoscaling/HorizontalPodAutoscaler': { explain: explainAutoscaler },
  'policy/PodDisruptionBudget': { explain: explainBudget },
  Namespace: { explain: explainNamespace },
  ResourceQuota: { explain: explainQuota },
}
