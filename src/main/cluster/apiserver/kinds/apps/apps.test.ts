import { describe, expect, it } from 'vitest'
import type { KindDeclaration } from '#main/cluster/apiserver/api/kind.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { controllerRevision } from './controllerrevision.ts'
import { daemonSet } from './daemonset.ts'
import { deployment } from './deployment.ts'
import { replicaSet } from './replicaset.ts'

const workload = {
  metadata: { name: 'w', namespace: 'ns' },
  spec: {
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'busybox:1' }] } },
  },
}

describe('defaults', () => {
  it('of a deployment roll 25% of the pods at a time', () => {
    expect(defaulted(deployment, workload).spec).toMatchObject({
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: { spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 } },
    })
  })

  it('of a template exclude those of pods', () => {
    const { template } = defaulted(deployment, change(workload, { 'spec.template.spec.hostNetwork': true })).spec ?? {}
    expect(template?.spec).not.toHaveProperty('enableServiceLinks')
  })

  it('of a deployment with strategy Recreate have no rolling update', () => {
    const object = defaulted(deployment, change(workload, { 'spec.strategy': { type: 'Recreate' } }))
    expect(object.spec?.strategy).toEqual({ type: 'Recreate' })
  })

  it('of a daemon set replace one at a time', () => {
    expect(defaulted(daemonSet, workload).spec).toMatchObject({
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    })
  })

  it('of a replica set are one replica', () => {
    expect(defaulted(replicaSet, workload).spec?.replicas).toBe(1)
    expect(defaulted(replicaSet, change(workload, { 'spec.replicas': 0 })).spec?.replicas).toBe(0)
  })
})

describe.each([
  ['deployment', deployment, 'deployment', 'ReplicaSet'],
  ['replica set', replicaSet, 'deployment', 'ReplicaSet'],
  ['daemon set', daemonSet, 'daemonset', 'DaemonSet'],
] as const)('a %s', (_name, kind, inSelector, inDeadline) => {
  it('is accepted', () => {
    expect(findings<never>(kind as never, workload)).toEqual([])
  })

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'without a selector',
      { 'spec.selector': undefined },
      [
        ...(inSelector === 'daemonset' ? [] : ['spec.selector: Required value']),
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'with an empty selector',
      { 'spec.selector': {} },
      [`spec.selector: Invalid value: {}: empty selector is invalid for ${inSelector}`],
    ],
    [
      'when it does not select its own pods',
      { 'spec.template.metadata.labels': { app: 'b' } },
      ['spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`'],
    ],
    [
      'when its pods may end',
      { 'spec.template.spec.restartPolicy': 'Never' },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'when its pods have a deadline',
      { 'spec.template.spec.activeDeadlineSeconds': 5 },
      [`spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ${inDeadline} is not Supported`],
    ],
    [
      'with a bad container',
      { 'spec.template.spec.containers': [{ name: 'c' }] },
      ['spec.template.spec.containers[0].image: Required value'],
    ],
    [
      'with an unknown operator',
      { 'spec.selector': { matchExpressions: [{ key: 'app', operator: 'Is', values: ['a'] }] } },
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
        ...(inSelector === 'daemonset'
          ? []
          : [
              'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Is","values":["a"]}]}: invalid label selector',
            ]),
      ],
    ],
    [
      'with negative minReadySeconds',
      { 'spec.minReadySeconds': -1 },
      ['spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0'],
    ],
  ])('is refused %s', (_, changes, errors) => {
    expect(findings<never>(kind as never, change(workload, changes))).toEqual(errors)
  })

  it('keeps its selector', () => {
    const next = change(workload, {
      'spec.selector': { matchLabels: { app: 'b' } },
      'spec.template.metadata.labels': { app: 'b' },
    })
    expect(updateFindings<never>(kind as never, next, workload)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
    ])
  })
})

describe('a status is refused', () => {
  const said = <T extends KubeObject>(kind: KindDeclaration<T>, status: object, before: object = {}): string[] => {
    const [next, previous] = [
      { ...workload, status },
      { ...workload, status: before },
    ] as unknown as [T, T]
    const found = kind.status?.validateStatus?.(next, previous) ?? []
    return found.map(({ field, message }) => `${field}: ${message}`)
  }

  it('when more pods of a deployment are ready than there are', () => {
    expect(said(deployment, { replicas: 2, readyReplicas: 2, availableReplicas: 1, updatedReplicas: 1 })).toEqual([])
    expect(said(deployment, { replicas: 1, readyReplicas: 2, availableReplicas: 3 })).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
    ])
  })

  it('when a replica set has negative counts', () => {
    expect(said(replicaSet, { readyReplicas: -1, availableReplicas: -1 })).toEqual([
      'status.readyReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.availableReplicas: Invalid value: -1: must be greater than or equal to 0',
    ])
  })

  it('when the collision count of a daemon set decreases', () => {
    expect(said(daemonSet, { collisionCount: 1 }, { collisionCount: 2 })).toEqual([
      'status.collisionCount: Invalid value: 1: cannot be decremented',
    ])
  })
})

describe('a deployment is refused', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'with negative replicas',
      { 'spec.replicas': -1 },
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'with maxSurge and maxUnavailable both 0',
      { 'spec.strategy': { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      'with maxUnavailable above 100%',
      { 'spec.strategy': { rollingUpdate: { maxUnavailable: '101%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'with strategy Recreate and a rolling update',
      { 'spec.strategy': { type: 'Recreate', rollingUpdate: {} } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'with an unknown strategy',
      { 'spec.strategy': { type: 'Canary' } },
      ['spec.strategy: Unsupported value: {"type":"Canary"}: supported values: "Recreate", "RollingUpdate"'],
    ],
    [
      'with a progress deadline below minReadySeconds',
      { 'spec.progressDeadlineSeconds': 5, 'spec.minReadySeconds': 5 },
      ['spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds'],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(deployment, change(workload, changes))).toEqual(errors)
  })
})

it('a deployment increments its generation when its annotations change', () => {
  const next = change(workload, { 'metadata.annotations': { a: 'b' } })
  deployment.prepareForUpdate?.(next, change(workload, { 'metadata.generation': 4 }))
  expect(next).toMatchObject({ metadata: { generation: 5 } })
})

describe('columns', () => {
  const wide = { Containers: 'c', Images: 'busybox:1', Selector: 'app=a' }

  it('of a deployment', () => {
    const object = change(workload, {
      'spec.replicas': 3,
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
    })
    expect(cells(deployment, object)).toMatchObject({ Ready: '2/3', 'Up-to-date': 3, Available: 1, ...wide })
  })

  it('of a replica set', () => {
    const object = change(workload, { 'spec.replicas': 3, status: { replicas: 2, readyReplicas: 1 } })
    expect(cells(replicaSet, object)).toMatchObject({ Desired: 3, Current: 2, Ready: 1, ...wide })
  })

  it('of a daemon set', () => {
    const object = change(workload, {
      'spec.template.spec.nodeSelector': { disk: 'ssd' },
      status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 },
    })
    expect(cells(daemonSet, object)).toMatchObject({
      Desired: 3,
      Current: 2,
      Ready: 1,
      'Up-to-date': 0,
      'Node Selector': 'disk=ssd',
      ...wide,
    })
  })

  it('of a controller revision', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }
    const object = { metadata: { name: 'r', ownerReferences: [owner] }, revision: 2, data: {} }
    expect(cells(controllerRevision, object)).toMatchObject({ Controller: 'daemonset.apps/d', Revision: 2 })
  })
})
