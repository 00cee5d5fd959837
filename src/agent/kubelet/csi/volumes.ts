import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { attachmentName, uniqueVolumeName } from '#shared/kube/csi.ts'
import { isForbidden, isNotFound, undefinedIfMissing } from '#shared/kube/error-kinds.ts'
import type {
  CSIDriver,
  CSIPersistentVolumeSource,
  CSIVolumeSource,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { csiDrivers, secrets, volumeAttachments } from '#shared/kube/resources.ts'
import { removeTrees, type Mounts } from '../files/mounts.ts'
import { giveToFsGroup } from '../fs-group.ts'
import { MountFailed } from '../mount-failed.ts'
import type { CsiDriver, CsiDrivers } from './drivers.ts'
import { expandOnNode } from './expansion.ts'
import { createKeyedLock } from './keyed-lock.ts'
import type { VolumeCapability } from './protocol.ts'
import { podContext, type IssueToken } from './pod-context.ts'
import { createVolumesInUse } from './volumes-in-use.ts'

/** A volume of a CSI driver that a pod is to have: of a claim, or inline in the pod's spec. */
export type CsiSource =
  | { claim: Stored<PersistentVolumeClaim>; volume: Stored<PersistentVolume>; csi: CSIPersistentVolumeSource }
  | { inline: CSIVolumeSource; name: string }

/** Whether it is a block device: published as one, where a container's device node is made from it. */
export const isBlock = (source: CsiSource): boolean => 'volume' in source && source.volume.spec?.volumeMode === 'Block'

export interface CsiVolumes {
  /**
   * Stages and publishes a volume for a pod, or looks after a published one: it is expanded, published again where its driver
   * asks for that, and its health told. @returns where it is mounted @throws MountFailed
   */
  mount(pod: Stored<Pod>, source: CsiSource, options: { readOnly: boolean; issueToken: IssueToken }): Promise<string>
  /** Whether the pod has volumes of drivers: they are mounted again from time to time, to be looked after. */
  has(uid: string): Promise<boolean>
  /** Unpublishes the volumes of a pod, and unstages those that no other pod has. @throws Error while a driver is missing */
  unmountPod(uid: string): Promise<void>
}

export interface CsiVolumesOptions {
  client: Client
  drivers: Pick<CsiDrivers, 'get'>
  recorder: EventRecorder
  mounts: Mounts
  /** `/var/lib/kubelet` */
  root: string
  nodeName: string
  clock: Clock
}

/** How often and how long one pass of a pod waits for an attachment, ms: most are complete within a second. */
const attachPollMs = 250
const attachTries = 8

/** What is kept beside a mounted volume, with Kubernetes' names (`vol_data.json`). */
interface VolumeData {
  driverName: string
  volumeHandle: string
  specVolID: string
  nodeName: string
  attachmentID: string
  volumeLifecycleMode: 'Persistent' | 'Ephemeral'
  /** Ours: set for a block device. */
  volumeMode?: 'Block'
}

/** The volumes of CSI drivers in this node's pods (pkg/volume/csi). What is mounted is read from disk. */
export function createCsiVolumes(options: CsiVolumesOptions): CsiVolumes {
  const { client, drivers, recorder, mounts, root, nodeName, clock } = options
  const inUse = createVolumesInUse({ client, nodeName, present: async () => attachedNames(await mountedVolumes(root)) })
  const locked = createKeyedLock()
  /** Paths that this agent has staged or published: both may be repeated, after a restart. */
  const done = new Set<string>()

  async function mount(
    pod: Stored<Pod>,
    source: CsiSource,
    { readOnly, issueToken }: { readOnly: boolean; issueToken: IssueToken },
  ): Promise<string> {
    const plan = planOf(root, nodeName, pod, source)
    const { data, folder, target } = plan
    const driver = requireDriver(data.driverName)
    const object = await readDriver(data.driverName)
    checkLifecycle(data, object)
    const publishContext = 'inline' in source ? {} : await attached(data, object)
    await locked(data.volumeHandle, async () => {
      const capability = capabilityOf(source, pod, driver)
      for (const parent of [folder, dirname(target)]) await mkdir(parent, { recursive: true, mode: 0o750 })
      await writeFile(join(folder, 'vol_data.json'), JSON.stringify(data))
      const staged = await stage(driver, plan, source, capability, publishContext)
      if (done.has(target) && object?.spec.requiresRepublish !== true) return
      const context = await podContext({ pod, driver: object, isInline: 'inline' in source, issueToken })
      await driver.call('NodePublishVolume', {
        volume_id: data.volumeHandle,
        publish_context: publishContext,
        ...(staged === undefined ? {} : { staging_target_path: staged }),
        target_path: target,
        volume_capability: capability,
        readonly: readOnly,
        secrets: { ...(await secretsOf(publishSecret(source, pod))), ...context.secrets },
        volume_context: { ...attributesOf(source), ...context.volumeContext },
      })
      const mountsWithGroup = driver.capabilities.has('VOLUME_MOUNT_GROUP')
      if (!readOnly && !isBlock(source) && takesFsGroup(source, object?.spec.fsGroupPolicy, mountsWithGroup))
        await giveToFsGroup(target, pod)
      done.add(target)
    })
    await lookAfter(driver, plan, source, pod)
    return target
  }

  /** @returns the staging folder; undefined for drivers and volumes that have none */
  async function stage(
    driver: CsiDriver,
    { data, staging }: Plan,
    source: CsiSource,
    capability: VolumeCapability,
    publishContext: Record<string, string>,
  ): Promise<string | undefined> {
    if ('inline' in source || !driver.capabilities.has('STAGE_UNSTAGE_VOLUME')) return undefined
    if (done.has(staging)) return staging
    await mkdir(staging, { recursive: true, mode: 0o750 })
    if (!isBlock(source)) await writeFile(join(dirname(staging), 'vol_data.json'), JSON.stringify(data))
    await driver.call('NodeStageVolume', {
      volume_id: data.volumeHandle,
      publish_context: publishContext,
      staging_target_path: staging,
      volume_capability: capability,
      secrets: await secretsOf(source.csi.nodeStageSecretRef),
      volume_context: attributesOf(source),
    })
    done.add(staging)
    return staging
  }

  /** The context of the volume's attachment; none for drivers whose volumes are not attached. @throws MountFailed */
  async function attached(data: VolumeData, object: CSIDriver | undefined): Promise<Record<string, string>> {
    if (object?.spec.attachRequired === false) return {}
    // First: the controller does not detach what a node says that it uses.
    await inUse.add(uniqueVolumeName(data.driverName, data.volumeHandle))
    for (let tries = 1; ; tries++) {
      const attachment = await client.get(volumeAttachments, { name: data.attachmentID }).catch(notYet)
      const { attachError, attached: isAttached, attachmentMetadata = {} } = attachment?.status ?? {}
      if (isAttached && !attachment?.metadata.deletionTimestamp) return attachmentMetadata
      if (attachError)
        throw new MountFailed(`volume ${data.volumeHandle} is not attached: ${attachError.message ?? ''}`)
      if (tries === attachTries)
        throw new MountFailed(`volume ${data.volumeHandle} is not attached to node ${nodeName} yet`)
      await sleep(clock, attachPollMs)
    }
  }

  async function lookAfter(driver: CsiDriver, plan: Plan, source: CsiSource, pod: Stored<Pod>): Promise<void> {
    const { data, target, staging } = plan
    const staged = driver.capabilities.has('STAGE_UNSTAGE_VOLUME') ? { staging_target_path: staging } : {}
    if (!('inline' in source))
      await expandOnNode({
        client,
        recorder,
        driver,
        claim: source.claim,
        volume: source.volume,
        pod,
        request: {
          volume_id: data.volumeHandle,
          volume_path: target,
          ...staged,
          volume_capability: capabilityOf(source, pod, driver),
          secrets: await secretsOf(source.csi.nodeExpandSecretRef),
        },
      })
    if (!driver.capabilities.has('VOLUME_CONDITION') || !driver.capabilities.has('GET_VOLUME_STATS')) return
    const { volume_condition: condition } = await driver.call('NodeGetVolumeStats', {
      volume_id: data.volumeHandle,
      volume_path: target,
      ...('inline' in source ? {} : staged),
    })
    const name = volumeNameIn(pod, source)
    if (condition?.abnormal)
      recorder.event(pod, 'Warning', 'VolumeConditionAbnormal', `Volume ${name}: ${condition.message}`)
  }

  async function unmountPod(uid: string): Promise<void> {
    for (const { data, folder } of await podVolumes(root, uid))
      await locked(data.volumeHandle, () => unmount(data, pathsOf(root, uid, data), folder))
  }

  async function unmount(data: VolumeData, { target, staging, own }: Paths, folder: string): Promise<void> {
    const driver = requireDriver(data.driverName)
    await driver.call('NodeUnpublishVolume', { volume_id: data.volumeHandle, target_path: target })
    done.delete(target)
    for (const path of new Set([target, folder])) {
      await mounts.unmountAll(path)
      await removeTrees(path)
    }
    if (data.volumeLifecycleMode === 'Ephemeral') return
    const others = await mountedVolumes(root)
    const isSame = (other: VolumeData): boolean =>
      other.driverName === data.driverName && other.volumeHandle === data.volumeHandle
    if (others.some(isSame)) return
    if (driver.capabilities.has('STAGE_UNSTAGE_VOLUME')) {
      await driver.call('NodeUnstageVolume', { volume_id: data.volumeHandle, staging_target_path: staging })
      done.delete(staging)
      await mounts.unmountAll(own)
      await rm(own, { recursive: true, force: true })
    }
    await inUse.remove(uniqueVolumeName(data.driverName, data.volumeHandle))
  }

  function requireDriver(name: string): CsiDriver {
    const driver = drivers.get(name)
    if (!driver) throw new MountFailed(`driver name ${name} not found in the list of registered CSI drivers`)
    return driver
  }

  const readDriver = (name: string): Promise<CSIDriver | undefined> =>
    client.get(csiDrivers, { name }).catch(undefinedIfMissing)

  async function secretsOf(ref: { namespace?: string; name?: string } | undefined): Promise<Record<string, string>> {
    if (!ref?.name) return {}
    const { data = {} } = await client.get(secrets, { namespace: ref.namespace, name: ref.name })
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    )
  }

  return { mount, unmountPod, has: async (uid) => (await podVolumes(root, uid)).length > 0 }
}

interface Paths {
  /** What is kept of it for the pod. */
  folder: string
  /** Where the driver publishes it for the pod; the driver makes this folder or file, and we its parent. */
  target: string
  staging: string
  /** What is the volume's alone of its staging. */
  own: string
}

interface Plan extends Paths {
  data: VolumeData
}

function planOf(root: string, nodeName: string, pod: Stored<Pod>, source: CsiSource): Plan {
  const isInline = 'inline' in source
  const specName = isInline ? source.name : source.volume.metadata.name
  const { driver } = isInline ? source.inline : source.csi
  const handle = isInline ? `csi-${sha256(pod.metadata.uid + source.name)}` : source.csi.volumeHandle
  const data: VolumeData = {
    driverName: driver,
    volumeHandle: handle,
    specVolID: specName,
    nodeName,
    attachmentID: isInline ? '' : attachmentName({ driver, handle, node: nodeName }, sha256),
    volumeLifecycleMode: isInline ? 'Ephemeral' : 'Persistent',
    ...(isBlock(source) ? { volumeMode: 'Block' } : {}),
  }
  return { data, ...pathsOf(root, pod.metadata.uid, data) }
}

/** Kubernetes' own paths (csi_mounter.go, csi_block.go); what is known of a block device is kept where mounts have theirs. */
function pathsOf(root: string, uid: string, { driverName, volumeHandle, specVolID, volumeMode }: VolumeData): Paths {
  const folder = join(podFolderOf(root, uid), specVolID)
  const plugins = join(root, 'plugins/kubernetes.io/csi')
  if (volumeMode === 'Block') {
    const staging = join(plugins, 'volumeDevices/staging', specVolID)
    return { folder, target: join(plugins, 'volumeDevices/publish', specVolID, uid), staging, own: staging }
  }
  const own = join(plugins, driverName, sha256(volumeHandle))
  return { folder, target: join(folder, 'mount'), staging: join(own, 'globalmount'), own }
}

const podFolderOf = (root: string, uid: string): string => join(root, 'pods', uid, 'volumes', 'kubernetes.io~csi')

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The CSI volumes in a pod's folder. */
async function podVolumes(root: string, uid: string): Promise<{ data: VolumeData; folder: string }[]> {
  const parent = podFolderOf(root, uid)
  const names = await readdir(parent).catch((): string[] => [])
  const found = await Promise.all(
    names.map(async (name) => {
      const folder = join(parent, name)
      const text = await readFile(join(folder, 'vol_data.json'), 'utf8').catch(() => undefined)
      // Without it nothing was asked of the driver yet.
      return text === undefined ? [] : [{ data: JSON.parse(text) as VolumeData, folder }]
    }),
  )
  return found.flat()
}

async function mountedVolumes(root: string): Promise<VolumeData[]> {
  const uids = await readdir(join(root, 'pods')).catch((): string[] => [])
  return (await Promise.all(uids.map((uid) => podVolumes(root, uid)))).flat().map(({ data }) => data)
}

const attachedNames = (all: readonly VolumeData[]): string[] =>
  all
    .filter(({ volumeLifecycleMode }) => volumeLifecycleMode === 'Persistent')
    .map(({ driverName, volumeHandle }) => uniqueVolumeName(driverName, volumeHandle))

/** @throws MountFailed for a driver that does not say that it has volumes of this life */
function checkLifecycle({ driverName, volumeLifecycleMode }: VolumeData, driver: CSIDriver | undefined): void {
  const modes = driver?.spec.volumeLifecycleModes ?? ['Persistent']
  if (!modes.includes(volumeLifecycleMode))
    throw new MountFailed(
      `volume mode "${volumeLifecycleMode}" not supported by driver ${driverName} (only supports ${JSON.stringify(modes)})`,
    )
}

const attributesOf = (source: CsiSource): Record<string, string> =>
  ('inline' in source ? source.inline : source.csi).volumeAttributes ?? {}

const publishSecret = (source: CsiSource, pod: Stored<Pod>): { namespace?: string; name?: string } | undefined =>
  'inline' in source
    ? source.inline.nodePublishSecretRef && { namespace: pod.metadata.namespace, ...source.inline.nodePublishSecretRef }
    : source.csi.nodePublishSecretRef

/** Name of the volume in the pod's spec. */
const volumeNameIn = ({ metadata, spec }: Stored<Pod>, source: CsiSource): string => {
  if ('inline' in source) return source.name
  const { name } = source.claim.metadata
  const volume = spec?.volumes?.find(
    (each) =>
      each.persistentVolumeClaim?.claimName === name || (each.ephemeral && `${metadata.name}-${each.name}` === name),
  )
  return volume?.name ?? name
}

function capabilityOf(source: CsiSource, { spec }: Pod, { capabilities }: CsiDriver): VolumeCapability {
  const [mode = 'ReadWriteOnce'] = 'inline' in source ? [] : (source.volume.spec?.accessModes ?? [])
  const fsType = ('inline' in source ? source.inline : source.csi).fsType
  const flags = 'inline' in source ? [] : (source.volume.spec?.mountOptions ?? [])
  const fsGroup = spec?.securityContext?.fsGroup
  const group = capabilities.has('VOLUME_MOUNT_GROUP') && fsGroup !== undefined ? String(fsGroup) : ''
  return {
    ...(isBlock(source)
      ? { block: {} }
      : { mount: { fs_type: fsType ?? '', mount_flags: flags, volume_mount_group: group } }),
    access_mode: { mode: accessModes(capabilities.has('SINGLE_NODE_MULTI_WRITER'))[mode] ?? 'UNKNOWN' },
  }
}

const accessModes = (distinguishesWriters: boolean): Record<string, string> => ({
  ReadWriteOnce: distinguishesWriters ? 'SINGLE_NODE_MULTI_WRITER' : 'SINGLE_NODE_WRITER',
  ReadWriteOncePod: distinguishesWriters ? 'SINGLE_NODE_SINGLE_WRITER' : 'SINGLE_NODE_WRITER',
  ReadOnlyMany: 'MULTI_NODE_READER_ONLY',
  ReadWriteMany: 'MULTI_NODE_MULTI_WRITER',
})

/**
 * Whether the kubelet gives the files of a volume to the pod's fsGroup, by the driver's policy. A driver that mounts with
 * the group itself does it alone (csi_mounter.go: supportsFSGroup).
 */
export function takesFsGroup(source: CsiSource, policy: string | undefined, mountsWithGroup: boolean): boolean {
  if (mountsWithGroup || policy === 'None') return false
  if (policy === 'File') return true
  if ('inline' in source) return false
  const modes = source.volume.spec?.accessModes ?? []
  return Boolean(source.csi.fsType) && (modes.includes('ReadWriteOnce') || modes.includes('ReadWriteOncePod'))
}

/** The node authorizer does not tell a node whether an object is missing or another node's. */
function notYet(error: unknown): undefined {
  if (!isForbidden(error) && !isNotFound(error)) throw error
}
