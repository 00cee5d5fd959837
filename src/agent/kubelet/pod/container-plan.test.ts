import { describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { planContainer, resizeNeeded, unsupported } from './container-plan.ts'
import type { ContainerSpec } from '../runtime/runtime.ts'
import { stored } from '#test/support/stored.ts'

const image = { id: 'sha256:1', digest: 'sha256:1', user: '', env: [], sizeBytes: 7 }

function plan(own: Partial<Container>, shared: Partial<PodSpec> = {}, user = '', primaryGroup?: number): ContainerSpec {
  const container = { name: 'c', image: 'busybox:1.36', ...own }
  const pod = stored<Pod>({
    metadata: { name: 'p', namespace: 'n', uid: 'u' },
    spec: { containers: [container], ...shared },
  })
  return planContainer({
    pod,
    container,
    attempt: 2,
    sandboxId: 'sandbox',
    image: { ...image, user },
    env: new Map([['NAME', 'value']]),
    mounts: [],
    devices: [{ path: '/dev/own', hostPath: '/dev/disk', permissions: 'rwm' }],
    edits: {
      env: new Map([['DEVICE', '0']]),
      mounts: [],
      nodes: [{ path: '/dev/claimed', hostPath: '/dev/x', permissions: 'r' }],
      groups: [],
    },
    nodeMemory: 4 * 2 ** 30,
    ...(primaryGroup === undefined ? {} : { primaryGroup }),
  })
}

describe('planContainer', () => {
  test.each<[string, Partial<Container>, Partial<PodSpec>, Partial<ContainerSpec>]>([
    [
      'its block devices, and the edits of those that it claims',
      {},
      {},
      {
        env: ['NAME=value', 'DEVICE=0'],
        devices: [
          { path: '/dev/own', hostPath: '/dev/disk', permissions: 'rwm' },
          { path: '/dev/claimed', hostPath: '/dev/x', permissions: 'r' },
        ],
      },
    ],
    ['expanded words', { command: ['$(NAME)'], args: ['$$(NAME)'] }, {}, { command: ['value'], args: ['$(NAME)'] }],
    [
      'a user of its own before the pod’s',
      { securityContext: { runAsUser: 5 } },
      { securityContext: { runAsUser: 6, runAsGroup: 7 } },
      { user: '5:7' },
    ],
    ['a group alone means root of that group', {}, { securityContext: { runAsGroup: 7 } }, { user: '0:7' }],
    [
      'supplemental groups and fsGroup',
      {},
      { securityContext: { supplementalGroups: [4], fsGroup: 5 } },
      { groups: ['4', '5'] },
    ],
    ['no new privileges', { securityContext: { allowPrivilegeEscalation: false } }, {}, { noNewPrivileges: true }],
    [
      'limits',
      { resources: { limits: { cpu: '250m', memory: '64Mi' } } },
      {},
      { cpuShares: 256, cpuQuotaMillis: 250, memoryBytes: 64 * 2 ** 20, oomScoreAdj: -997 },
    ],
    [
      'weight from the request',
      { resources: { requests: { cpu: '2' }, limits: { cpu: '4' } } },
      {},
      { cpuShares: 2048, cpuQuotaMillis: 4000 },
    ],
    ['best effort', {}, {}, { cpuShares: 2, oomScoreAdj: 1000 }],
    ['critical to its node', {}, { priorityClassName: 'system-node-critical' }, { oomScoreAdj: -997 }],
    ['burstable, by its share of the memory', { resources: { requests: { memory: '1Gi' } } }, {}, { oomScoreAdj: 750 }],
    [
      'limits of the pod, where it has none of its own',
      { resources: { limits: { cpu: '100m' } } },
      { resources: { limits: { cpu: '1', memory: '64Mi' } } },
      { cpuQuotaMillis: 100, memoryBytes: 64 * 2 ** 20 },
    ],
    [
      'its share of what the pod requests',
      { resources: { requests: { memory: '1Gi' } } },
      { resources: { requests: { memory: '2Gi' } } },
      { oomScoreAdj: 500 },
    ],
    ['the pod’s processes', {}, { shareProcessNamespace: true }, { pidOf: 'sandbox' }],
    ['the signal that it asks for', { lifecycle: { stopSignal: 'SIGUSR1' } }, {}, { stopSignal: 'SIGUSR1' }],
  ])('%s', (_name, own, shared, expected) => {
    expect(plan(own, shared)).toMatchObject(expected)
  })

  test('leaves out what the spec does not set', () => {
    const { user, command, args, seccomp, pidOf, memoryBytes } = plan({})
    expect({ user, command, args, seccomp, pidOf, memoryBytes }).toEqual({})
  })

  test.each([
    ['', undefined, 'will run as root'],
    ['root', undefined, 'will run as root'],
    ['nginx', undefined, 'non-numeric user (nginx)'],
    ['1000', 0, 'breaks non-root policy'],
    ['1000', undefined, undefined],
    ['', 1000, undefined],
  ])('runAsNonRoot with the image’s user %j and runAsUser %s', (user, runAsUser, message) => {
    const act = (): unknown =>
      plan({ securityContext: { runAsNonRoot: true, ...(runAsUser === undefined ? {} : { runAsUser }) } }, {}, user)
    if (message === undefined) expect(act).not.toThrow()
    else expect(act).toThrow(message)
  })
})

describe('a resize', () => {
  const applied = { cpuShares: 102, cpuQuota: 10_000, memoryBytes: 64 * 2 ** 20 }
  const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '100m', memory: '64Mi' } }
  const restart = (resourceName: string) => [{ resourceName, restartPolicy: 'RestartContainer' }]
  test.each<[string, Partial<Container>, string]>([
    ['nothing changed', { resources }, 'none'],
    ['more cpu', { resources: { ...resources, limits: { cpu: '200m', memory: '64Mi' } } }, 'live'],
    ['more memory', { resources: { ...resources, limits: { cpu: '100m', memory: '65Mi' } } }, 'live'],
    [
      'more memory, by a restart',
      { resources: { ...resources, limits: { cpu: '100m', memory: '65Mi' } }, resizePolicy: restart('memory') },
      'restart',
    ],
    [
      'more cpu, where memory alone asks for a restart',
      { resources: { ...resources, limits: { cpu: '200m', memory: '64Mi' } }, resizePolicy: restart('memory') },
      'live',
    ],
  ])('%s', (_name, own, expected) => {
    const container = { name: 'c', ...own }
    expect(resizeNeeded({ metadata: { name: 'p' }, spec: { containers: [container] } }, container, applied)).toBe(
      expected,
    )
  })
})

test.each([
  ['web', { runAsGroup: 7 }, undefined, 'web:7'],
  ['1000:1000', { runAsGroup: 7 }, undefined, '1000:7'],
  ['web', { runAsUser: 5 }, undefined, '5'],
  ['web', { runAsUser: 5 }, 2_000, '5:2000'],
  ['web', {}, 2_000, 'web:2000'],
  ['web', {}, undefined, undefined],
])('the user of an image with USER %s and %j is never root', (user, securityContext, primaryGroup, expected) => {
  expect(plan({}, { securityContext }, user, primaryGroup).user).toBe(expected)
})

test('unsupported fields are named one by one', () => {
  const pod: Pod = {
    metadata: { name: 'p' },
    spec: {
      imagePullSecrets: [{ name: 'registry' }],
      containers: [
        {
          name: 'c',
          env: [{ name: 'E', valueFrom: { fileKeyRef: { path: 'p', key: 'k', volumeName: 'v' } } }],
          securityContext: { seLinuxOptions: { level: 's0' } },
          livenessProbe: { grpc: { port: 1 } },
        },
      ],
    },
  }
  expect(unsupported(pod)).toEqual(['c: SELinux options'])
})
