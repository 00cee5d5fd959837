import { withTransitionTime } from '#shared/kube/conditions.ts'
import type { Lease, Node, NodeCondition, Taint } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { simulatedMark } from '#shared/kube/simulation.ts'
import { microTimestamp, timestamp } from '#shared/kube/timestamp.ts'

export const leaseNamespace = 'kube-node-lease'
const leaseSeconds = 40

export interface NodeShape {
  /** Cores. */
  cpus: number
  memoryBytes: number
  pods: number
  labels?: Readonly<Record<string, string>>
  taints?: readonly Taint[]
  /** Further resources, such as `nvidia.com/gpu`. */
  resources?: Readonly<Record<string, string>>
}

/** The Node that the kubelet of such a machine registers. */
export function simulatedNode(
  name: string,
  { address, shape, now }: { address: string; shape: NodeShape; now: number },
): Node {
  const amounts = {
    cpu: String(shape.cpus),
    memory: `${Math.floor(shape.memoryBytes / 1024)}Ki`,
    pods: String(shape.pods),
    'ephemeral-storage': '104857600Ki',
    ...shape.resources,
  }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/arch': 'amd64',
        ...shape.labels,
        [simulatedMark]: 'true',
      },
      annotations: { [simulatedMark]: 'pods on this node only pretend to run: there are no containers behind them' },
    },
    ...(shape.taints?.length ? { spec: { taints: [...shape.taints] } } : {}),
    status: {
      capacity: amounts,
      allocatable: amounts,
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      conditions: readyConditions(now),
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'simulated://1',
        kernelVersion: '',
        kubeProxyVersion: '',
        kubeletVersion: 'v1.36.0+slipway',
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'Simulated',
        systemUUID: '',
      },
    },
  }
}

/** Conditions of a healthy kubelet, since `now`. */
export function readyConditions(now: number): NodeCondition[] {
  const time = timestamp(now)
  const condition = (type: string, status: string, reason: string, message: string): NodeCondition =>
    withTransitionTime<NodeCondition>(undefined, { type, status, reason, message, lastHeartbeatTime: time }, time)
  return [
    condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ]
}

/** The heartbeat of a node. */
export const leaseOf = ({ metadata }: Stored<Node>, now: number): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {
    name: metadata.name,
    namespace: leaseNamespace,
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: metadata.name, uid: metadata.uid }],
  },
  spec: { holderIdentity: metadata.name, leaseDurationSeconds: leaseSeconds, renewTime: microTimestamp(now) },
})
