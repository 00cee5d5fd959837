import type { ContainerStatus, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { qosClassOf } from '#shared/kube/pod.ts'
import { quantityNumber } from '#shared/kube/quantity.ts'
import { pods } from '#shared/kube/resources.ts'
import {
  conditionSamples,
  controllerIn,
  created,
  deleted,
  each,
  info,
  owner,
  resourceSamples,
  seconds,
  states,
  value,
  type Family,
  type KindMetrics,
  type Labels,
  type Sample,
} from './family.ts'

type StatusesOf = (pod: Stored<Pod>) => readonly ContainerStatus[]

const containerStatuses: StatusesOf = ({ status }) => status?.containerStatuses ?? []
const initStatuses: StatusesOf = ({ status }) => status?.initContainerStatuses ?? []

export const podMetrics: KindMetrics<Pod> = {
  resource: pods,
  prefix: 'kube_pod',
  identity: ({ metadata: { namespace, name, uid } }) => ({ namespace, pod: name, uid }),
  families: [
    info('Where a pod runs and who made it.', ({ metadata, spec, status }) => {
      const controller = controllerIn(metadata.ownerReferences)
      return {
        host_ip: status?.hostIP,
        pod_ip: status?.podIP,
        node: spec?.nodeName,
        created_by_kind: controller?.kind,
        created_by_name: controller?.name,
        priority_class: spec?.priorityClassName,
        host_network: spec?.hostNetwork ?? false,
      }
    }),
    created(),
    deleted(),
    owner(),
    value('start_time', 'Unix time at which the kubelet accepted the pod.', ({ status }) => seconds(status?.startTime)),
    value('completion_time', 'Unix time at which the last container ended.', completionTime),
    each('ips', 'Addresses of the pod.', ({ status }) =>
      (status?.podIPs ?? []).map(({ ip }) => [{ ip, ip_family: ip.includes(':') ? '6' : '4' }, 1]),
    ),
    info('Restart policy.', ({ spec }) => ({ type: spec?.restartPolicy }), 'restart_policy'),
    info('Scheduler that places the pod.', ({ spec }) => ({ name: spec?.schedulerName }), 'scheduler'),
    info('Service account.', ({ spec }) => ({ service_account: spec?.serviceAccountName }), 'service_account'),
    info(
      'Runtime class.',
      ({ spec }) => (spec?.runtimeClassName ? { runtimeclass_name: spec.runtimeClassName } : undefined),
      'runtimeclass_name_info',
    ),
    each('tolerations', 'Tolerations of taints.', ({ spec }) =>
      (spec?.tolerations ?? []).map((toleration) => [
        {
          key: toleration.key,
          operator: toleration.operator,
          value: toleration.value,
          effect: toleration.effect,
          toleration_seconds: toleration.tolerationSeconds,
        },
        1,
      ]),
    ),
    value('overhead_cpu_cores', 'CPU overhead of the runtime class.', ({ spec }) => overhead(spec?.overhead?.['cpu'])),
    value('overhead_memory_bytes', 'Memory overhead of the runtime class.', ({ spec }) =>
      overhead(spec?.overhead?.['memory']),
    ),
    each('spec_volumes_persistentvolumeclaims_info', 'Claims that the pod mounts.', (pod) =>
      claimsOf(pod).map(({ labels }) => [labels, 1]),
    ),
    each('spec_volumes_persistentvolumeclaims_readonly', 'Whether a claim is mounted read-only.', (pod) =>
      claimsOf(pod).map(({ labels, readOnly }) => [labels, Number(readOnly)]),
    ),

    each('status_phase', 'Phase of the pod.', ({ status }) =>
      status?.phase ? states('phase', ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'], status.phase) : [],
    ),
    each('status_qos_class', 'Quality of service class.', (pod) =>
      states('qos_class', ['BestEffort', 'Burstable', 'Guaranteed'], pod.status?.qosClass ?? qosClassOf(pod)),
    ),
    each('status_reason', 'Why the pod is in its phase.', ({ status }) => states('reason', reasons, status?.reason)),
    each('status_ready', 'Whether the pod serves requests.', (pod) => condition(pod, 'Ready')),
    each('status_scheduled', 'Whether the pod has a node.', (pod) => condition(pod, 'PodScheduled')),
    value('status_ready_time', 'Unix time at which the pod became ready.', since('Ready')),
    value('status_initialized_time', 'Unix time at which init containers were done.', since('Initialized')),
    value('status_container_ready_time', 'Unix time at which the containers were ready.', since('ContainersReady')),
    value('status_scheduled_time', 'Unix time at which the pod got a node.', since('PodScheduled')),
    value('status_unschedulable', 'The scheduler finds no node.', ({ status }) =>
      status?.conditions?.some(
        ({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason === 'Unschedulable',
      )
        ? 1
        : undefined,
    ),

    each('container_info', 'Image of a container.', (pod) => images(pod, containerStatuses(pod))),
    each('container_resource_requests', 'Requested resources of a container.', (pod) =>
      resources(pod, 'containers', 'requests'),
    ),
    each('container_resource_limits', 'Resource limits of a container.', (pod) =>
      resources(pod, 'containers', 'limits'),
    ),
    each(
      'container_state_started',
      'Unix time at which a container started.',
      perContainer(containerStatuses, ({ state }) =>
        seconds(state?.running?.startedAt ?? state?.terminated?.startedAt),
      ),
    ),
    ...statusFamilies('container_status', containerStatuses),
    each(
      'container_status_last_terminated_exitcode',
      'Exit code of the previous run.',
      perContainer(containerStatuses, ({ lastState }) => lastState?.terminated?.exitCode),
    ),
    each(
      'container_status_last_terminated_timestamp',
      'Unix time at which the previous run ended.',
      perContainer(containerStatuses, ({ lastState }) => seconds(lastState?.terminated?.finishedAt)),
    ),
    each('init_container_info', 'Image of an init container.', (pod) => images(pod, initStatuses(pod))),
    each('init_container_resource_requests', 'Requested resources of an init container.', (pod) =>
      resources(pod, 'initContainers', 'requests'),
    ),
    each('init_container_resource_limits', 'Resource limits of an init container.', (pod) =>
      resources(pod, 'initContainers', 'limits'),
    ),
    ...statusFamilies('init_container_status', initStatuses),
  ],
}

const reasons = ['Evicted', 'NodeAffinity', 'NodeLost', 'Shutdown', 'UnexpectedAdmissionError']

/** What is told of the status of containers and of init containers alike. */
function statusFamilies(prefix: string, statuses: StatusesOf): Family<Pod>[] {
  const reason = (name: string, help: string, read: (status: ContainerStatus) => string | undefined): Family<Pod> =>
    each(`${prefix}_${name}`, help, (pod) =>
      statuses(pod).flatMap((status): Sample[] => {
        const found = read(status)
        return found ? [[{ container: status.name, reason: found }, 1]] : []
      }),
    )
  const is = (name: string, help: string, read: (status: ContainerStatus) => boolean): Family<Pod> =>
    each(
      `${prefix}_${name}`,
      help,
      perContainer(statuses, (status) => Number(read(status))),
    )
  return [
    is('waiting', 'Whether the container waits to run.', ({ state }) => state?.waiting !== undefined),
    reason('waiting_reason', 'Why the container waits.', ({ state }) => state?.waiting?.reason),
    is('running', 'Whether the container runs.', ({ state }) => state?.running !== undefined),
    is('terminated', 'Whether the container has ended.', ({ state }) => state?.terminated !== undefined),
    reason('terminated_reason', 'Why the container has ended.', ({ state }) => state?.terminated?.reason),
    reason('last_terminated_reason', 'Why the previous run ended.', ({ lastState }) => lastState?.terminated?.reason),
    is('ready', 'Whether the readiness probe succeeds.', ({ ready }) => ready),
    each(
      `${prefix}_restarts_total`,
      'Restarts of the container.',
      perContainer(statuses, ({ restartCount }) => restartCount),
      'counter',
    ),
  ]
}

function perContainer(
  statuses: StatusesOf,
  read: (status: ContainerStatus) => number | undefined,
): (pod: Stored<Pod>) => Sample[] {
  return (pod) =>
    statuses(pod).flatMap((status): Sample[] => {
      const found = read(status)
      return found === undefined ? [] : [[{ container: status.name }, found]]
    })
}

function images({ spec }: Stored<Pod>, statuses: readonly ContainerStatus[]): Sample[] {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  return statuses.map(({ name, image, imageID, containerID }) => [
    {
      container: name,
      image_spec: all.find((container) => container.name === name)?.image,
      image,
      image_id: imageID,
      container_id: containerID,
    },
    1,
  ])
}

const resources = (
  { spec }: Stored<Pod>,
  list: 'containers' | 'initContainers',
  side: 'requests' | 'limits',
): Sample[] =>
  (spec?.[list] ?? []).flatMap(({ name, resources: own }) =>
    resourceSamples(own?.[side], { container: name, node: spec?.nodeName }),
  )

const condition = ({ status }: Stored<Pod>, type: string): Sample[] =>
  conditionSamples(
    status?.conditions?.filter((one) => one.type === type),
    () => ({}),
    'condition',
  )

/** When a condition became true. */
function since(type: string): (pod: Stored<Pod>) => number | undefined {
  return ({ status }) => {
    const found = status?.conditions?.find((one) => one.type === type)
    return found?.status === 'True' ? seconds(found.lastTransitionTime) : undefined
  }
}

function completionTime({ status }: Stored<Pod>): number | undefined {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => seconds(state?.terminated?.finishedAt))
  if (ends.length === 0 || ends.includes(undefined)) return undefined
  return Math.max(...ends.map((end) => end ?? 0))
}

const overhead = (quantity: string | undefined): number | undefined =>
  quantity === undefined ? undefined : quantityNumber(quantity)

const claimsOf = ({ spec }: Stored<Pod>): { labels: Labels; readOnly: boolean }[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim: claim }) =>
    claim
      ? [{ labels: { volume: name, persistentvolumeclaim: claim.claimName }, readOnly: claim.readOnly ?? false }]
      : [],
  )
