import { describe, expect, test } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { boundStatus, decideClaim, decideVolume, type ClaimView } from './decide.ts'

type ClaimParts = Partial<PersistentVolumeClaim['spec']> & { annotations?: Record<string, string> }

const claim = ({ annotations = {}, ...spec }: ClaimParts = {}): Stored<PersistentVolumeClaim> =>
  stored<PersistentVolumeClaim>({
    metadata: { namespace: 'n', name: 'c', uid: 'claim', annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    status: { phase: 'Pending' },
  })

const volume = (
  spec: Partial<PersistentVolume['spec']> = {},
  {
    phase = 'Available',
    ...metadata
  }: { phase?: string; annotations?: Record<string, string>; deletionTimestamp?: string } = {},
): Stored<PersistentVolume> =>
  stored<PersistentVolume>({
    metadata: { name: 'v', ...metadata },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' }, ...spec },
    status: { phase },
  })

const storageClass = (provisioner: string, volumeBindingMode = 'Immediate'): Stored<StorageClass> =>
  stored<StorageClass>({ metadata: { name: 's' }, provisioner, volumeBindingMode })

const ref = (uid?: string, name = 'c') => ({ namespace: 'n', name, ...(uid ? { uid } : {}) })

/** A decision in one line: what is done, and what is said. */
const line = ({ do: what, ...more }: { do: string }): string => {
  const { event, phase, name } = more as { event?: { reason: string; message: string }; phase?: string; name?: string }
  return [what, phase ?? name ?? '', event ? `${event.reason}: ${event.message}` : ''].filter(Boolean).join(' | ')
}

describe('a claim', () => {
  const complete = { 'pv.kubernetes.io/bind-completed': 'yes' }
  const waiting = storageClass('p.example.com', 'WaitForFirstConsumer')
  test.each<[string, ClaimParts, Partial<ClaimView>, string]>([
    ['takes its match', {}, { match: volume() }, 'bind'],
    [
      'without class and match waits',
      {},
      {},
      'wait | FailedBinding: no persistent volumes available for this claim and no storage class is set',
    ],
    ['without a class gets a default that was made later', {}, { defaultClass: 's' }, 'assign-class | s'],
    [
      'of no class on purpose gets none',
      { storageClassName: '' },
      { defaultClass: 's' },
      'wait | FailedBinding: no persistent volumes available for this claim and no storage class is set',
    ],
    [
      'of a class that is not there',
      { storageClassName: 's' },
      {},
      'wait | ProvisioningFailed: storageclass.storage.k8s.io "s" not found',
    ],
    [
      'of a class without a provisioner',
      { storageClassName: 's' },
      { storageClass: storageClass('kubernetes.io/no-provisioner') },
      'wait | ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner',
    ],
    [
      'that waits for its first consumer',
      { storageClassName: 's' },
      { storageClass: waiting },
      'wait | WaitForFirstConsumer: waiting for first consumer to be created before binding',
    ],
    [
      'that waits for pods',
      { storageClassName: 's' },
      { storageClass: waiting, waitingPods: ['a', 'b'] },
      'wait | WaitForPodScheduled: waiting for pod a,b to be scheduled',
    ],
    [
      'whose pod has a node asks the provisioner',
      { storageClassName: 's', annotations: { 'volume.kubernetes.io/selected-node': 'w' } },
      { storageClass: waiting },
      "request-volume | ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'p.example.com' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    ],
    ['that names a volume which is not there', { volumeName: 'v' }, {}, 'wait'],
    ['that names a free volume', { volumeName: 'v' }, { named: volume() }, 'bind'],
    ['that names a volume reserved for it', { volumeName: 'v' }, { named: volume({ claimRef: ref() }) }, 'bind'],
    [
      'that names another claim’s volume',
      { volumeName: 'v' },
      { named: volume({ claimRef: ref('x', 'other') }) },
      'wait | FailedBinding: volume "v" already bound to a different claim.',
    ],
    ...(
      [
        ['too small', { capacity: { storage: '500Mi' } }, 'requested PV is too small'],
        ['of another class', { storageClassName: 't' }, 'storageClassName does not match'],
        ['of another mode', { volumeMode: 'Block' }, 'incompatible volumeMode'],
        ['of other access', { accessModes: ['ReadOnlyMany'] }, 'incompatible accessMode'],
      ] as const
    ).map(([what, spec, why]): [string, ClaimParts, Partial<ClaimView>, string] => [
      `that names a volume ${what}`,
      { volumeName: 'v' },
      { named: volume(spec as Partial<PersistentVolume['spec']>) },
      `wait | VolumeMismatch: Cannot bind to requested volume "v": ${why}`,
    ]),
    [
      'that was bound, and names nothing',
      { annotations: complete },
      {},
      'lose | ClaimLost: Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    ],
    [
      'whose volume is gone',
      { annotations: complete, volumeName: 'v' },
      {},
      'lose | ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    ],
    ['whose volume has lost its reference', { annotations: complete, volumeName: 'v' }, { named: volume() }, 'bind'],
    [
      'whose volume belongs to another',
      { annotations: complete, volumeName: 'v' },
      { named: volume({ claimRef: ref('x') }) },
      'lose | ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly',
    ],
  ])('%s', (_what, parts, view, expected) => {
    const none = {
      named: undefined,
      match: undefined,
      storageClass: undefined,
      defaultClass: undefined,
      waitingPods: [],
    }
    expect(line(decideClaim(claim(parts), { ...none, ...view }))).toBe(expected)
  })

  test('keeps its capacity when its volume has grown, until the expansion is complete', () => {
    const grown = volume({ capacity: { storage: '5Gi' } })
    expect(boundStatus(claim(), grown)?.capacity).toEqual({ storage: '5Gi' })
    const before = { ...claim(), status: { phase: 'Bound', capacity: { storage: '1Gi' } } }
    expect(boundStatus(before, grown)?.capacity).toEqual({ storage: '1Gi' })
  })
})

describe('a volume', () => {
  const own = claim({ volumeName: 'v' })
  const released = { phase: 'Released' }
  const of = (policy: string, more: object = {}): Partial<PersistentVolume['spec']> => ({
    claimRef: ref('claim'),
    persistentVolumeReclaimPolicy: policy,
    ...more,
  })
  test.each<[string, Stored<PersistentVolume>, Stored<PersistentVolumeClaim> | undefined, string]>([
    ['of nobody is available', volume({}, { phase: 'Pending' }), undefined, 'set-phase | Available'],
    ['released by hand is available again', volume({}, released), undefined, 'set-phase | Available'],
    [
      'reserved by name is available',
      volume({ claimRef: ref() }, { phase: 'Pending' }),
      undefined,
      'set-phase | Available',
    ],
    ['that its claim names is bound', volume({ claimRef: ref('claim') }), own, 'set-phase | Bound'],
    ['that its claim does not name yet stays', volume({ claimRef: ref('claim') }), claim(), 'nothing'],
    ['whose claim is gone is released', volume(of('Retain'), { phase: 'Bound' }), undefined, 'set-phase | Released'],
    ['that is retained stays released', volume(of('Retain'), released), undefined, 'nothing'],
    [
      'of a provisioner is left to it',
      volume(of('Delete'), { ...released, annotations: { 'pv.kubernetes.io/provisioned-by': 'p' } }),
      undefined,
      'nothing',
    ],
    ['in /tmp is deleted', volume(of('Delete', { hostPath: { path: '/tmp/x' } }), released), undefined, 'delete'],
    [
      'of a host path elsewhere fails',
      volume(of('Delete', { hostPath: { path: '/data' } }), released),
      undefined,
      'set-phase | Failed | VolumeFailedDelete: host_path deleter only supports /tmp/.+ but received provided /data',
    ],
    [
      'that nobody can delete fails',
      volume(of('Delete', { local: { path: '/data' } }), released),
      undefined,
      'set-phase | Failed | VolumeFailedDelete: error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
    ],
    [
      'that is to be recycled fails',
      volume(of('Recycle'), released),
      undefined,
      'set-phase | Failed | VolumeFailedRecycle: No recycler plugin found for the volume!',
    ],
    [
      'that failed stays so',
      volume(of('Delete', { local: { path: '/data' } }), { phase: 'Failed' }),
      undefined,
      'nothing',
    ],
    ['whose claim has another is free again', volume(of('Retain')), claim({ volumeName: 'w' }), 'unbind'],
    [
      'provisioned for a claim that has another is released',
      volume(of('Delete'), { annotations: { 'pv.kubernetes.io/provisioned-by': 'p' } }),
      claim({ volumeName: 'w' }),
      'set-phase | Released',
    ],
    [
      'of the wrong mode for the claim that it is reserved for',
      volume({ ...of('Retain'), volumeMode: 'Block' }),
      claim(),
      'warn | VolumeMismatch: Cannot bind PersistentVolume to requested PersistentVolumeClaim "c" due to incompatible volumeMode',
    ],
  ])('%s', (_what, object, its, expected) => {
    expect(line(decideVolume(object, its))).toBe(expected)
  })
})
