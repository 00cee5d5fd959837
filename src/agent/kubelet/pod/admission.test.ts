import { describe, expect, test } from 'vitest'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { refusalOf, resizeRefusalOf } from './admission.ts'

type Spec = Partial<NonNullable<Pod['spec']>>
const pod = (spec: Spec = {}, metadata: Partial<Pod['metadata']> = {}): Stored<Pod> =>
  stored<Pod>({ metadata: { name: 'p', namespace: 'n', ...metadata }, spec: { containers: [{ name: 'c' }], ...spec } })
const asking = (requests: Record<string, string>): Spec => ({ containers: [{ name: 'c', resources: { requests } }] })
const onPort = (hostPort: number, hostIP?: string, protocol = 'TCP'): Spec => ({
  containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, protocol, ...(hostIP ? { hostIP } : {}) }] }],
})
const node = (more: Partial<Node> = {}): Stored<Node> =>
  stored<Node>({
    metadata: { name: 'w', labels: { disk: 'ssd' } },
    status: { allocatable: { cpu: '2', memory: '1Gi', 'ephemeral-storage': '10Gi', pods: '3' } },
    ...more,
  })
const noExecute: Partial<Node> = { spec: { taints: [{ key: 'down', effect: 'NoExecute' }] } }
const sysctls = (name: string, more: Spec = {}): Spec => ({
  securityContext: { sysctls: [{ name, value: '1' }] },
  ...more,
})

describe('a pod that the node does not run', () => {
  test.each<[string, Stored<Pod>, Pod[], string, string]>([
    [
      'CPU',
      pod(asking({ cpu: '1500m' })),
      [pod(asking({ cpu: '1' }))],
      'OutOfcpu',
      "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
    ],
    [
      'memory',
      pod(asking({ memory: '2Gi' })),
      [],
      'OutOfmemory',
      "Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
    ],
    [
      'disk',
      pod(asking({ 'ephemeral-storage': '11Gi' })),
      [],
      'OutOfephemeral-storage',
      "Node didn't have enough resource: ephemeral-storage, requested: 11811160064, used: 0, capacity: 10737418240",
    ],
    [
      'huge pages',
      pod(asking({ 'hugepages-2Mi': '4Mi' })),
      [],
      'OutOfhugepages-2Mi',
      "Node didn't have enough resource: hugepages-2Mi, requested: 4194304, used: 0, capacity: 0",
    ],
    [
      'places',
      pod(),
      [pod(), pod(), pod()],
      'OutOfpods',
      "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    ],
    [
      'system',
      pod({ os: { name: 'windows' } }),
      [],
      'PodOSNotSupported',
      "Failed to admit pod as the OS field doesn't match node OS",
    ],
    [
      'label of a system',
      pod({}, { labels: { 'kubernetes.io/os': 'windows' } }),
      [],
      'PodOSSelectorNodeLabelDoesNotMatch',
      "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    ],
    [
      'node selector',
      pod({ nodeSelector: { disk: 'hdd' } }),
      [],
      'NodeAffinity',
      "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ],
    [
      'host port',
      pod(onPort(8080, '127.0.0.1')),
      [pod(onPort(8080))],
      'NodePorts',
      "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    ],
    [
      'sysctl',
      pod(sysctls('kernel.msgmax')),
      [],
      'SysctlForbidden',
      'forbidden sysctl: "kernel.msgmax" not allowlisted',
    ],
    [
      'sysctl of a shared namespace',
      pod(sysctls('net.ipv4.tcp_syncookies', { hostNetwork: true })),
      [],
      'SysctlForbidden',
      'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
    ],
  ])('for its %s', (_what, refused, others, reason, message) => {
    expect(refusalOf(refused, node(), others)).toEqual({ reason, message })
  })

  test('for a taint that it does not tolerate', () => {
    expect(refusalOf(pod(), node(noExecute), [])).toEqual({
      reason: 'TaintToleration',
      message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    })
  })
})

describe('a resize', () => {
  const other = (used: string, pending: boolean): Pod => ({
    ...pod(asking({ cpu: '2' })),
    status: {
      ...(pending ? { conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Deferred' }] } : {}),
      containerStatuses: [
        { name: 'c', image: '', imageID: '', ready: true, restartCount: 0, allocatedResources: { cpu: used } },
      ],
    },
  })
  test.each<[string, Stored<Pod>, Pod[], { reason: string; message: string } | undefined]>([
    ['that fits', pod(asking({ cpu: '2' })), [pod()], undefined],
    [
      'beyond the whole node is infeasible',
      pod(asking({ cpu: '3' })),
      [],
      { reason: 'Infeasible', message: "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000" },
    ],
    [
      'to what others have is deferred',
      pod(asking({ cpu: '2' })),
      [pod(asking({ cpu: '500m' }))],
      {
        reason: 'Deferred',
        message: "Node didn't have enough resource: cpu, requested: 2000, used: 500, capacity: 2000",
      },
    ],
    ['to what another has only asked for', pod(asking({ cpu: '1' })), [other('1', true)], undefined],
    [
      'to what another is being given is deferred',
      pod(asking({ cpu: '1' })),
      [other('1', false)],
      {
        reason: 'Deferred',
        message: "Node didn't have enough resource: cpu, requested: 1000, used: 2000, capacity: 2000",
      },
    ],
  ])('%s', (_what, resized, others, refusal) => {
    expect(resizeRefusalOf(resized, node(), others)).toEqual(refusal)
  })
})

test.each<[string, Stored<Pod>, Pod[], Stored<Node>]>([
  ['without requests', pod(), [pod(asking({ cpu: '2' }))], node()],
  ['that just fits', pod(asking({ cpu: '1', memory: '512Mi' })), [pod(asking({ cpu: '1', memory: '512Mi' }))], node()],
  ['of an extended resource that the node lacks', pod(asking({ 'example.com/gpu': '1' })), [], node()],
  ['on a port of another address', pod(onPort(80, '127.0.0.1')), [pod(onPort(80, '127.0.0.2'))], node()],
  ['on a port of another protocol', pod(onPort(53, undefined, 'UDP')), [pod(onPort(53))], node()],
  ['for its own system', pod({ os: { name: 'linux' }, nodeSelector: { disk: 'ssd' } }), [], node()],
  ['with a safe sysctl', pod(sysctls('net.ipv4.tcp_syncookies')), [], node()],
  ['with a safe sysctl, written with slashes', pod(sysctls('net/ipv4/tcp_syncookies')), [], node()],
  ['that tolerates', pod({ tolerations: [{ operator: 'Exists' }] }), [], node(noExecute)],
  ['on a node whose status is not known', pod(asking({ cpu: '64' })), [], stored<Node>({ metadata: { name: 'w' } })],
])('a pod %s is run', (_what, admitted, others, on) => {
  expect(refusalOf(admitted, on, others)).toBeUndefined()
})
