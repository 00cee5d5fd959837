import { jsonEqual } from '../kube/json.ts'
import type { Informer } from '../client/informer.ts'
import { keyOf } from '../client/informer.ts'
import type { Pod, Service } from '../kube/generated/types.ts'
import type { Stored } from '../kube/object.ts'
import { isPodReady, isPodTerminal } from '../kube/pod.ts'
import { hasSelector } from '../kube/service-endpoints.ts'

const selectsAll = (selector: Record<string, string>, labels: Record<string, string> | undefined): boolean =>
  Object.entries(selector).every(([name, value]) => labels?.[name] === value)

/** The Services that select a pod; scans the Services of its namespace. */
export function servicesOfPod(services: Informer<Service>): (pod: Stored<Pod>) => string[] {
  services.addIndex('selecting-namespace', (service) => (hasSelector(service) ? service.metadata.namespace : undefined))
  return (pod) =>
    services
      .byIndex('selecting-namespace', pod.metadata.namespace)
      .filter((service) => selectsAll(service.spec?.selector ?? {}, pod.metadata.labels))
      .map(keyOf)
}

/** The pods that a Service selects: found by an index of one of its labels, then tested for the others. */
export function indexPodsForServices(pods: Informer<Pod>): (service: Stored<Service>) => Stored<Pod>[] {
  pods.addIndex('label', ({ metadata }) =>
    Object.entries(metadata.labels ?? {}).map(([name, value]) => `${metadata.namespace}/${name}=${value}`),
  )
  return (service) => {
    const selector = service.spec?.selector ?? {}
    const [first] = Object.entries(selector)
    if (!first) return []
    return pods
      .byIndex('label', `${service.metadata.namespace}/${first[0]}=${first[1]}`)
      .filter((pod) => selectsAll(selector, pod.metadata.labels))
  }
}

/** Whether an update of a pod changes its endpoint; most updates of its status do not. */
export const changesBackEnd = (previous: Pod, pod: Pod): boolean =>
  isPodReady(previous) !== isPodReady(pod) ||
  isPodTerminal(previous) !== isPodTerminal(pod) ||
  previous.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
  previous.spec?.nodeName !== pod.spec?.nodeName ||
  previous.status?.podIP !== pod.status?.podIP ||
  !jsonEqual(previous.status?.podIPs, pod.status?.podIPs) ||
  !jsonEqual(previous.metadata.labels, pod.metadata.labels)
