import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import type { VolumeData } from '#shared/kube/cluster-volumes.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import {
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  volumeAttributesClasses,
} from '#shared/kube/resources.ts'
import type { Stored } from '#shared/kube/object.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startPersistentVolumes } from '../persistent-volume/index.ts'
import { startClaimProtection, startVolumeProtection } from '../storage-protection.ts'
import { startVolumeProvisioner } from './index.ts'

let plane: TestControlPlane
/** What became of data. */
let calls: string[]
let failure: Error | undefined
const volumeData: VolumeData = {
  remove: async (node, volume) => {
    if (failure) throw failure
    calls.push(`remove ${volume} on ${node}`)
  },
  copy: async (node, from, to) => void calls.push(`copy ${from} to ${to} on ${node}`),
}

beforeEach(async () => {
  calls = []
  failure = undefined
  plane = await startControlPlane()
  plane.start(startPersistentVolumes)
  plane.start((context) => startVolumeProvisioner(context, { volumeData }))
  plane.start(startClaimProtection)
  plane.start(startVolumeProtection)
  for (const policy of ['Delete', 'Retain'])
    await plane.client.create(storageClasses, {
      metadata: { name: policy.toLowerCase() },
      provisioner: 'slipway.dev/cluster-volume',
      reclaimPolicy: policy,
      volumeBindingMode: policy === 'Retain' ? 'Immediate' : 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    })
  for (const [name, labels] of [
    ['worker-1', {}],
    ['worker-old', { 'slipway.dev/storage': 'node' }],
  ] as const) {
    const node = await plane.client.create(nodes, { metadata: { name, labels } })
    await plane.client.updateStatus(nodes, { ...node, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  }
})
afterEach(() => plane.stop())

it('provisions a volume for the node that the scheduler has chosen, on the cluster’s volume', async () => {
  await plane.client.create(persistentVolumeClaims, claim('data', 'delete'))
  await plane.until(events, (all) => all.some(({ reason }) => reason === 'WaitForFirstConsumer'))
  await choose('data', 'worker-1')
  const { volume, bound } = await untilBound('data')
  expect(volume).toMatchObject({
    metadata: {
      name: `pvc-${bound.metadata.uid}`,
      annotations: { 'pv.kubernetes.io/provisioned-by': 'slipway.dev/cluster-volume' },
    },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteMany'],
      persistentVolumeReclaimPolicy: 'Delete',
      local: { path: `/var/lib/slipway/volumes/pvc-${bound.metadata.uid}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'slipway.dev/storage', operator: 'NotIn', values: ['node'] }] },
          ],
        },
      },
    },
  })
  expect(volume.metadata.finalizers).toContain('external-provisioner.volume.kubernetes.io/finalizer')
  const said = await plane.until(events, (all) => all.some(({ reason }) => reason === 'ProvisioningSucceeded'))
  expect(said.map(({ reason, source }) => `${source?.component ?? ''} ${reason ?? ''}`)).toEqual(
    expect.arrayContaining([
      'persistentvolume-controller ExternalProvisioning',
      'slipway.dev/cluster-volume Provisioning',
      'slipway.dev/cluster-volume ProvisioningSucceeded',
    ]),
  )
})

it('keeps the data of a worker without the cluster’s volume on that worker', async () => {
  await plane.client.create(persistentVolumeClaims, claim('data', 'delete'))
  await choose('data', 'worker-old')
  const { volume } = await untilBound('data')
  expect(volume.spec?.local?.path).toBe(`/var/lib/kubelet/cluster-volumes/${volume.metadata.name}`)
  const [term] = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []
  expect(term?.matchExpressions).toEqual([{ key: 'kubernetes.io/hostname', operator: 'In', values: ['worker-old'] }])
  await plane.client.delete(persistentVolumeClaims, { namespace: 'default', name: 'data' })
  await untilGone(volume.metadata.name)
  expect(calls).toEqual([`remove ${volume.metadata.name} on worker-old`])
})

it('gives up a node that is gone, for the scheduler to choose another', async () => {
  await plane.client.create(persistentVolumeClaims, claim('data', 'delete'))
  await choose('data', 'worker-gone')
  await plane.untilOne(
    persistentVolumeClaims,
    'data',
    ({ metadata }) =>
      metadata.annotations?.['volume.kubernetes.io/storage-provisioner'] !== undefined &&
      metadata.annotations['volume.kubernetes.io/selected-node'] === undefined,
  )
})

it('removes the data before the volume, and waits while that fails', async () => {
  await plane.client.create(persistentVolumeClaims, claim('data', 'delete'))
  await choose('data', 'worker-1')
  const { volume } = await untilBound('data')
  failure = new Error('the disk is busy')
  await plane.client.delete(persistentVolumeClaims, { namespace: 'default', name: 'data' })
  const said = await plane.until(events, (all) => all.some(({ reason }) => reason === 'VolumeFailedDelete'))
  expect(said.find(({ reason }) => reason === 'VolumeFailedDelete')?.message).toBe('the disk is busy')
  const kept = await plane.client.get(persistentVolumes, { name: volume.metadata.name })
  expect([kept.status?.phase, kept.metadata.deletionTimestamp]).toEqual(['Released', undefined])
  // Also one that an administrator deletes meanwhile.
  await plane.client.delete(persistentVolumes, { name: volume.metadata.name })
  failure = undefined
  await untilGone(volume.metadata.name)
  expect(calls).toEqual([`remove ${volume.metadata.name} on worker-1`])
}, 20_000)

it('keeps a volume of policy Retain, also when the policy was changed', async () => {
  await plane.client.create(persistentVolumeClaims, claim('kept', 'retain'))
  await plane.client.create(persistentVolumeClaims, claim('changed', 'delete'))
  await choose('changed', 'worker-1')
  for (const name of ['kept', 'changed']) {
    const { volume } = await untilBound(name)
    const ref = { name: volume.metadata.name }
    const body = { spec: { persistentVolumeReclaimPolicy: 'Retain' } }
    await plane.client.patch(persistentVolumes, ref, { type: 'merge', body })
    await plane.client.delete(persistentVolumeClaims, { namespace: 'default', name })
    const released = await plane.untilOne(
      persistentVolumes,
      ref.name,
      ({ status, metadata }) =>
        status?.phase === 'Released' && !metadata.finalizers?.some((each) => each.startsWith('external')),
    )
    expect(released.status?.lastPhaseTransitionTime).toBeDefined()
  }
  expect(calls).toEqual([])
})

it('expands a volume, and the claim’s capacity follows', async () => {
  await plane.client.create(persistentVolumeClaims, claim('data', 'delete'))
  await choose('data', 'worker-1')
  const { volume } = await untilBound('data')
  await patchClaim('data', { spec: { resources: { requests: { storage: '3Gi' } } } })
  const grown = await plane.untilOne(
    persistentVolumeClaims,
    'data',
    ({ status }) => status?.capacity?.['storage'] === '3Gi',
  )
  expect(grown.status).toEqual({
    phase: 'Bound',
    accessModes: ['ReadWriteMany'],
    capacity: { storage: '3Gi' },
    allocatedResources: { storage: '3Gi' },
  })
  const after = await plane.client.get(persistentVolumes, { name: volume.metadata.name })
  expect(after.spec?.capacity).toEqual({ storage: '3Gi' })
  const said = await plane.until(events, (all) => all.some(({ reason }) => reason === 'VolumeResizeSuccessful'))
  expect(said.some(({ reason }) => reason === 'Resizing')).toBe(true)
})

it.each(['dataSource', 'dataSourceRef'])(
  'copies the data of the claim that is the %s, before the volume is there',
  async (field) => {
    await plane.client.create(persistentVolumeClaims, claim('data', 'retain'))
    const { volume } = await untilBound('data')
    const dataSource = { kind: 'PersistentVolumeClaim', name: 'data' }
    const made = await plane.client.create(persistentVolumeClaims, claim('copy', 'retain', { [field]: dataSource }))
    expect(made.spec).toMatchObject({ dataSource, dataSourceRef: dataSource })
    const { volume: clone } = await untilBound('copy')
    expect(calls).toEqual([`copy ${volume.metadata.name} to ${clone.metadata.name} on worker-1`])
  },
)

it('tells that a volume cannot have a class of attributes, or waits for the class; and no more when it is taken back', async () => {
  await plane.client.create(persistentVolumeClaims, claim('data', 'retain'))
  await untilBound('data')
  await patchClaim('data', { spec: { volumeAttributesClassName: 'fast' } })
  const at = (status: string) =>
    plane.untilOne(persistentVolumeClaims, 'data', (each) => each.status?.modifyVolumeStatus?.status === status)
  await at('Pending')
  await plane.client.create(volumeAttributesClasses, {
    metadata: { name: 'fast' },
    driverName: 'slipway.dev/cluster-volume',
    parameters: { iops: '1000' },
  })
  const told = await at('Infeasible')
  expect(told.status?.modifyVolumeStatus?.targetVolumeAttributesClassName).toBe('fast')
  const why =
    'rpc error: code = InvalidArgument desc = volumes of slipway.dev/cluster-volume have none of the attributes of class "fast": iops'
  expect(told.status?.conditions).toMatchObject([{ type: 'ModifyingVolume', status: 'True', message: why }])
  const said = await plane.until(
    events,
    (all) => all.filter(({ reason }) => reason === 'VolumeModifyFailed').length > 1,
  )
  expect(said.map(({ message }) => message)).toEqual(expect.arrayContaining(['VAC fast does not exist.', why]))
})

it.each<[string, Partial<PersistentVolumeClaim['spec']>, string]>([
  ['attributes', { volumeAttributesClassName: 'fast' }, 'VAC fast does not exist.'],
  [
    'block',
    { volumeMode: 'Block' },
    'slipway.dev/cluster-volume does not support block volumes: workers have no block devices',
  ],
  ['selector', { selector: { matchLabels: { a: 'b' } } }, 'claim Selector is not supported'],
  [
    'snapshot',
    { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' } },
    'error getting snapshot s from api server: volumesnapshots "s" not found',
  ],
  [
    'nothing',
    { dataSource: { kind: 'PersistentVolumeClaim', name: 'absent' } },
    'error getting PVC absent (namespace "default") from api server: not found',
  ],
])('refuses a claim with an event that says why: %s', async (name, spec, why) => {
  await plane.client.create(persistentVolumeClaims, claim(name, 'retain', spec))
  const said = await plane.until(events, (all) => all.some(({ reason }) => reason === 'ProvisioningFailed'))
  expect(said.find(({ reason }) => reason === 'ProvisioningFailed')?.message).toBe(
    `failed to provision volume with StorageClass "retain": ${why}`,
  )
})

const claim = (
  name: string,
  storageClassName: string,
  spec: Partial<PersistentVolumeClaim['spec']> = {},
): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'default' },
  spec: { storageClassName, accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, ...spec },
})

const patchClaim = (name: string, body: object): Promise<unknown> =>
  plane.client.patch(persistentVolumeClaims, { namespace: 'default', name }, { type: 'merge', body })

/** The scheduler's part. */
const choose = (name: string, node: string): Promise<unknown> =>
  patchClaim(name, { metadata: { annotations: { 'volume.kubernetes.io/selected-node': node } } })

async function untilBound(
  name: string,
): Promise<{ bound: Stored<PersistentVolumeClaim>; volume: Stored<PersistentVolume> }> {
  const bound = await plane.untilOne(persistentVolumeClaims, name, ({ status }) => status?.phase === 'Bound')
  const volume = await plane.untilOne(
    persistentVolumes,
    bound.spec?.volumeName ?? '',
    ({ status }) => status?.phase === 'Bound',
  )
  return { bound, volume }
}

async function untilGone(name: string): Promise<void> {
  await plane.until(persistentVolumes, (all) => !all.some(({ metadata }) => metadata.name === name))
  await expect(plane.client.get(persistentVolumes, { name })).rejects.toSatisfy(isNotFound)
}
