import { describe, expect, it } from 'vitest'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { statefulSet } from './statefulset.ts'

const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
const database = {
  metadata: { name: 'db', namespace: 'ns' },
  spec: {
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: {
      metadata: { labels: { app: 'db' } },
      spec: { containers: [{ name: 'c', image: 'db:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
    },
    volumeClaimTemplates: [claim],
  },
}

it('defaults to ordered rolling updates and retained volume claims', () => {
  expect(defaulted(statefulSet, database).spec).toMatchObject({
    podManagementPolicy: 'OrderedReady',
    replicas: 1,
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [{ kind: 'PersistentVolumeClaim', spec: { volumeMode: 'Filesystem' } }],
  })
  expect(defaulted(statefulSet, change(database, { 'spec.updateStrategy': { type: 'OnDelete' } })).spec).toMatchObject({
    updateStrategy: { type: 'OnDelete' },
  })
  const withStatus = change(database, { 'spec.volumeClaimTemplates.0.status': {} })
  expect(defaulted(statefulSet, withStatus).spec?.volumeClaimTemplates).toMatchObject([
    { status: { phase: 'Pending' } },
  ])
})

describe('is refused', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['not when it mounts its claims', {}, []],
    [
      'when it mounts an unknown volume',
      { 'spec.volumeClaimTemplates': [] },
      ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ],
    [
      'with an unknown pod management policy',
      { 'spec.podManagementPolicy': 'Random' },
      [`spec.podManagementPolicy: Invalid value: "Random": must be 'OrderedReady' or 'Parallel'`],
    ],
    [
      'with an unknown strategy',
      { 'spec.updateStrategy': { type: 'Never' } },
      [`spec.updateStrategy: Invalid value: {"type":"Never"}: must be 'RollingUpdate' or 'OnDelete'`],
    ],
    [
      'when OnDelete has a rolling update',
      { 'spec.updateStrategy': { type: 'OnDelete', rollingUpdate: { partition: 1 } } },
      [
        `spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy 'RollingUpdate'`,
      ],
    ],
    [
      'with a negative partition and maxUnavailable 0%',
      { 'spec.updateStrategy': { rollingUpdate: { partition: -1, maxUnavailable: '0%' } } },
      [
        'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0',
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "0%": cannot be 0',
      ],
    ],
    [
      'with maxUnavailable above 100%',
      { 'spec.updateStrategy': { rollingUpdate: { maxUnavailable: '101%' } } },
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'with an unknown claim retention policy',
      { 'spec.persistentVolumeClaimRetentionPolicy': { whenScaled: 'Archive' } },
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Archive": supported values: "Retain", "Delete"',
      ],
    ],
    [
      'with negative numbers',
      { 'spec.replicas': -1, 'spec.minReadySeconds': -2, 'spec.ordinals': { start: -3 } },
      [
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        'spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0',
        'spec.ordinals.start: Invalid value: -3: must be greater than or equal to 0',
      ],
    ],
    ['with an invalid service name', { 'spec.serviceName': 'a.b' }, [expect.stringContaining('spec.serviceName')]],
    [
      'without a selector',
      { 'spec.selector': {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
    ],
    [
      'when its pods may end',
      { 'spec.template.spec.restartPolicy': 'Never', 'spec.template.spec.activeDeadlineSeconds': 5 },
      [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
      ],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(statefulSet, change(database, changes))).toEqual(errors)
  })

  it('with a name that is not valid for its pods', () => {
    expect(statefulSet.validateName?.('db')).toEqual([])
    expect(statefulSet.validateName?.('d.b')).toEqual(['must not contain dots'])
  })
})

describe('an update', () => {
  it('may change replicas, template and update strategy', () => {
    const next = change(database, {
      'spec.replicas': 3,
      'spec.ordinals': { start: 1 },
      'spec.template.spec.containers.0.image': 'db:2',
      'spec.updateStrategy': { type: 'OnDelete' },
      'spec.revisionHistoryLimit': 2,
      'spec.persistentVolumeClaimRetentionPolicy': { whenDeleted: 'Delete' },
      'spec.minReadySeconds': 5,
    })
    expect(updateFindings(statefulSet, next, database)).toEqual([])
  })

  it.each<[string, Record<string, unknown>]>([
    ['claims', { 'spec.volumeClaimTemplates.0.spec.accessModes': ['ReadWriteMany'] }],
    ['service', { 'spec.serviceName': 'other' }],
    ['order', { 'spec.podManagementPolicy': 'Parallel' }],
    ['selector', { 'spec.selector': { matchLabels: { app: 'b' } }, 'spec.template.metadata.labels': { app: 'b' } }],
  ])('may not change the %s', (_, changes) => {
    expect(updateFindings(statefulSet, change(database, changes), database)).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ])
  })
})

it('refuses status counts above replicas', () => {
  const status = { replicas: 1, readyReplicas: 1, currentReplicas: 2, availableReplicas: 0 }
  const object = defaulted(statefulSet, { ...database, status })
  expect(statefulSet.status?.validateStatus?.(object, object).map(({ field }) => field)).toEqual([
    'status.currentReplicas',
  ])
})

it('is printed as kubectl prints it', () => {
  const object = change(database, { 'spec.replicas': 3, status: { readyReplicas: 2 } })
  expect(cells(statefulSet, object)).toMatchObject({ Ready: '2/3', Containers: 'c', Images: 'db:1' })
})
