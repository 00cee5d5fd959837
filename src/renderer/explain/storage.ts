import type { PersistentVolume, PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { t } from '../texts/index.ts'
import { newest } from './events.ts'
import type { Explanation, Surroundings } from './explanation.ts'

/** Why a claim has no volume; undefined when it has one. A claim that waits for its first pod is not in trouble. */
export function explainClaim(claim: PersistentVolumeClaim, near: Surroundings): Explanation | undefined {
  const { spec, status, metadata } = claim
  const { name = '' } = metadata
  const users = near.pods?.filter(({ spec: pod }) =>
    pod?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name),
  )
  if (metadata.deletionTimestamp !== undefined && users?.length)
    return {
      tone: 'warn',
      state: 'Terminating',
      sentence: t('explain.claim.inUse', { name, n: users.length }),
      why: [],
      tries: users.slice(0, 3).map(({ metadata: pod }) => ({
        text: t('explain.workload.tryPod', { name: pod.name }),
        link: { kind: 'Pod', name: pod.name, namespace: pod.namespace },
      })),
    }
  if (status?.phase === 'Lost')
    return {
      tone: 'bad',
      state: 'Lost',
      sentence: t('explain.claim.lost', { volume: spec?.volumeName ?? '' }),
      why: [],
      tries: [],
    }
  if (status?.phase === 'Bound') return resizing(claim, near)
  const classes = near.storageClasses
  const className = spec?.storageClassName
  const found = classes?.find(({ metadata: { name: each } }) => each === className)
  const failed = newest(near.events, 'ProvisioningFailed', 'VolumeMismatch', 'FailedBinding')
  const waits = newest(near.events, 'WaitForFirstConsumer', 'WaitForPodScheduled')
  if (classes !== undefined && className === undefined && spec?.volumeName === undefined)
    return {
      tone: 'bad',
      state: 'Pending',
      sentence: t('explain.claim.noDefault'),
      why: [],
      said: failed?.message,
      tries: [tryClass(classes)],
    }
  if (classes !== undefined && className && !found)
    return {
      tone: 'bad',
      state: 'Pending',
      sentence: t('explain.claim.unknownClass', { name: className }),
      why: [],
      said: failed?.message,
      tries: [tryClass(classes, 'explain.claim.tryAnew')],
    }
  if (failed?.reason === 'ProvisioningFailed' || failed?.reason === 'VolumeMismatch')
    return {
      tone: 'bad',
      state: failed.reason,
      sentence: t('explain.claim.failed', { name }),
      why: [],
      said: failed.message,
      tries: storageClassTry(className),
    }
  if (found?.volumeBindingMode === 'WaitForFirstConsumer' && users?.length === 0)
    return { tone: 'quiet', state: 'WaitForFirstConsumer', sentence: t('explain.claim.waits'), why: [], tries: [] }
  if (waits || found?.volumeBindingMode === 'WaitForFirstConsumer')
    return {
      tone: 'warn',
      state: 'Pending',
      sentence: t('explain.claim.waitsPod'),
      why: [],
      said: waits?.message,
      tries: (users ?? []).slice(0, 2).map(({ metadata: pod }) => ({
        text: t('explain.workload.tryPod', { name: pod.name }),
        link: { kind: 'Pod', name: pod.name, namespace: pod.namespace },
      })),
    }
  if (className === '')
    return {
      tone: 'warn',
      state: 'Pending',
      sentence: t('explain.claim.static'),
      why: [],
      said: failed?.message,
      tries: [{ text: t('explain.claim.tryVolume') }],
    }
  return {
    tone: 'warn',
    state: 'Pending',
    sentence: t('explain.claim.pending', { name: className ?? '' }),
    why: [],
    said: failed?.message,
    tries: storageClassTry(className),
  }
}

function resizing({ status, spec }: PersistentVolumeClaim, near: Surroundings): Explanation | undefined {
  const wanted = spec?.resources?.requests?.storage
  const has = status?.capacity?.storage
  const failed = newest(near.events, 'VolumeResizeFailed', 'FileSystemResizeFailed')
  const pending = status?.conditions?.some(({ type, status: value }) => value === 'True' && /Resiz/.test(type))
  if (wanted === undefined || has === undefined || wanted === has || (!failed && !pending)) return undefined
  return {
    tone: failed ? 'bad' : 'warn',
    state: failed ? 'VolumeResizeFailed' : 'Resizing',
    sentence: t('explain.claim.resizing', { from: has, to: wanted }),
    why: [],
    said: failed?.message,
    tries: [],
  }
}

/** Why a volume cannot be used. */
export function explainVolume({ status, spec, metadata }: PersistentVolume): Explanation | undefined {
  if (status?.phase === 'Failed')
    return {
      tone: 'bad',
      state: status.reason ?? 'Failed',
      sentence: t('explain.volume.failed', { name: metadata.name ?? '' }),
      why: [],
      said: status.message,
      tries: [],
    }
  if (status?.phase === 'Released')
    return {
      tone: 'warn',
      state: 'Released',
      sentence: t('explain.volume.released', {
        claim: `${spec?.claimRef?.namespace ?? ''}/${spec?.claimRef?.name ?? ''}`,
      }),
      why: [],
      tries: [{ text: t('explain.volume.tryReuse'), action: 'edit' }],
    }
  return undefined
}

/** The class of a claim that names one cannot be changed. */
const tryClass = (
  classes: NonNullable<Surroundings['storageClasses']>,
  key: 'explain.claim.tryClass' | 'explain.claim.tryAnew' = 'explain.claim.tryClass',
): { text: string } => ({
  text:
    classes.length === 0
      ? t('explain.claim.tryNewClass')
      : t(key, { names: classes.map(({ metadata: { name } }) => name).join(', ') }),
})

const storageClassTry = (name: string | undefined) =>
  name ? [{ text: t('explain.open', { kind: 'StorageClass', name }), link: { kind: 'StorageClass', name } }] : []
