import { createHash } from 'node:crypto'
import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { attachmentName, uniqueVolumeName } from '#shared/kube/csi.ts'
import { isAlreadyExists, isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  Pod,
  VolumeAttachment,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import {
  csiDrivers,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttachments,
} from '#shared/kube/resources.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { decideAttachments, type AttachStep } from './decide.ts'

type Volume = Stored<PersistentVolume>
type Attachment = Stored<VolumeAttachment>

/** When a volume that its node still uses is looked at again, ms. */
const waitMs = 10_000

/**
 * Asks for the attachment of CSI volumes to the nodes of their pods, and for their detachment, by VolumeAttachments, which
 * the drivers' attachers act on; nodes are told in `status.volumesAttached` (attachdetach-controller).
 */
export function startAttachDetach(context: ControllerContext): Stop {
  const { client, clock, informers } = context
  const recorder = recorderOf(context, 'attach-detach', 'attachdetach-controller')
  const volumes = informers.share(persistentVolumes)
  const claims = informers.share(persistentVolumeClaims)
  const podInformer = informers.share(pods)
  const nodeInformer = informers.share(nodes)
  const drivers = informers.share(csiDrivers)
  const attachments = informers.share(volumeAttachments)
  podInformer.addIndex(byClaim, claimsOf)
  attachments.addIndex(byVolume, ({ spec }) => spec.source.persistentVolumeName)
  attachments.addIndex(byNode, ({ spec }) => spec.nodeName)
  /** Since when an attachment's node has had no pod for it, by uid, ms. */
  const unwantedSince = new Map<string, number>()
  /** The last that pods were told of an attachment or a refusal, so that it is said once. */
  const told = new Map<string, string>()

  async function reconcile(name: string): Promise<Outcome> {
    const volume = volumes.get(name)
    const csi = volume?.spec?.csi
    // Attachments that others have made for purposes of their own have other names.
    const present = attachments
      .byIndex(byVolume, name)
      .filter(({ metadata, spec }) =>
        csi ? metadata.name === nameOf(csi, spec.nodeName) : !volume && ownName.test(metadata.name),
      )
    const isAttachable = csi !== undefined && drivers.get(csi.driver)?.spec.attachRequired !== false
    const wanted = volume && isAttachable ? podsByNode(volume) : new Map<string, Stored<Pod>[]>()
    noteUnwanted(present, wanted)
    const steps = decideAttachments({
      volume: isAttachable ? volume : undefined,
      attachments: present,
      wanted,
      unwantedMs: ({ metadata }) => clock.now() - (unwantedSince.get(metadata.uid) ?? clock.now()),
      node: (node) => nodeInformer.get(node),
      uniqueName: csi ? uniqueVolumeName(csi.driver, csi.volumeHandle) : '',
    })
    for (const attachment of present) report(name, attachment, wanted.get(attachment.spec.nodeName) ?? [])
    for (const step of steps) await carryOut(step, volume, wanted)
    return steps.some((step) => step.do === 'wait') ? { requeueAfter: waitMs } : undefined
  }

  async function carryOut(
    step: AttachStep,
    volume: Volume | undefined,
    wanted: ReadonlyMap<string, readonly Stored<Pod>[]>,
  ): Promise<void> {
    if (step.do === 'attach' && volume) await attach(volume, step.node)
    if (step.do === 'detach') await detach(step.attachment)
    if (step.do === 'refuse' && volume)
      for (const pod of wanted.get(step.node) ?? [])
        tellOnce(`${volume.metadata.name} ${pod.metadata.uid}`, pod, 'FailedAttachVolume', step.message)
  }

  async function attach(volume: Volume, node: string): Promise<void> {
    const { csi } = volume.spec ?? {}
    if (!csi) return
    const name = nameOf(csi, node)
    try {
      const made = await client.create(volumeAttachments, {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name },
        spec: { attacher: csi.driver, nodeName: node, source: { persistentVolumeName: volume.metadata.name } },
      })
      told.set(made.metadata.uid, '')
      await attachments.caughtUp(made)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }

  async function detach(attachment: Attachment): Promise<void> {
    const { uid } = attachment.metadata
    try {
      await client.delete(volumeAttachments, refOf(attachment), { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  /** Of attachments that this controller has asked for: whether they came about. */
  function report(volume: string, { metadata, status }: Attachment, users: readonly Stored<Pod>[]): void {
    const failure = status?.attachError?.message
    if (failure !== undefined && !status?.attached) {
      const message = `AttachVolume.Attach failed for volume "${volume}" : ${failure}`
      for (const pod of users) tellOnce(`${metadata.uid} ${pod.metadata.uid}`, pod, 'FailedAttachVolume', message)
      told.set(metadata.uid, '')
    } else if (status?.attached && told.delete(metadata.uid)) {
      const message = `AttachVolume.Attach succeeded for volume "${volume}"`
      for (const pod of users) recorder.event(aboutPod(pod), 'Normal', 'SuccessfulAttachVolume', message)
    }
  }

  function tellOnce(key: string, pod: Stored<Pod>, reason: string, message: string): void {
    if (told.get(key) === message) return
    told.set(key, message)
    recorder.event(aboutPod(pod), 'Warning', reason, message)
  }

  /** A pod counts until it is gone or its containers have ended for good. */
  function podsByNode({ spec }: Volume): Map<string, Stored<Pod>[]> {
    const found = new Map<string, Stored<Pod>[]>()
    const claim = `${spec?.claimRef?.namespace ?? ''}/${spec?.claimRef?.name ?? ''}`
    if (claims.get(claim)?.metadata.uid !== spec?.claimRef?.uid) return found
    for (const pod of podInformer.byIndex(byClaim, claim)) {
      const node = pod.spec?.nodeName
      if (!node || isPodTerminal(pod)) continue
      found.set(node, [...(found.get(node) ?? []), pod])
    }
    return found
  }

  function noteUnwanted(present: readonly Attachment[], wanted: ReadonlyMap<string, unknown>): void {
    for (const { metadata, spec } of present)
      if (wanted.has(spec.nodeName)) unwantedSince.delete(metadata.uid)
      else if (!unwantedSince.has(metadata.uid)) unwantedSince.set(metadata.uid, clock.now())
  }

  /** Tells a node which volumes are attached to it. */
  async function reconcileNode(name: string): Promise<Outcome> {
    const node = nodeInformer.get(name)
    if (!node) return undefined
    const volumesAttached = attachments
      .byIndex(byNode, name)
      .filter(({ metadata, status }) => status?.attached && !metadata.deletionTimestamp)
      .flatMap(({ spec }) => {
        const csi = volumes.get(spec.source.persistentVolumeName ?? '')?.spec?.csi
        return csi ? [{ name: uniqueVolumeName(csi.driver, csi.volumeHandle), devicePath: '' }] : []
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    if (jsonEqual(volumesAttached, node.status?.volumesAttached ?? [])) return undefined
    const patch = { type: 'merge', body: { status: { volumesAttached } } } as const
    await nodeInformer.caughtUp(await client.patch(nodes, { name }, patch, { subresource: 'status' }))
    return undefined
  }

  const volumesOfPod = (pod: Stored<Pod>): string[] =>
    claimsOf(pod).flatMap((claim) => claims.get(claim)?.spec?.volumeName ?? [])
  const volumeOf = ({ spec }: Attachment): string | undefined => spec.source.persistentVolumeName
  const forget = attachments.onChange({
    deleted({ metadata }) {
      unwantedSince.delete(metadata.uid)
      for (const key of told.keys()) if (key.startsWith(metadata.uid)) told.delete(key)
    },
  })
  const forgetPods = podInformer.onChange({
    deleted({ metadata }) {
      if (told.size > 0) for (const key of told.keys()) if (key.endsWith(metadata.uid)) told.delete(key)
    },
  })
  const attaching = runController({
    ...context,
    name: 'attach-detach',
    reconcile,
    workers: 4,
    shares: [volumes, claims, podInformer, nodeInformer, drivers, attachments],
    watches: [
      watch(volumes, (volume) => (volume.spec?.csi ? volume.metadata.name : undefined)),
      watch(claims, ({ spec }) => spec?.volumeName),
      watch(
        podInformer,
        volumesOfPod,
        (previous, pod) =>
          previous.spec?.nodeName !== pod.spec?.nodeName || isPodTerminal(previous) !== isPodTerminal(pod),
      ),
      watch(attachments, volumeOf),
      watch(
        nodeInformer,
        ({ metadata }) => attachments.byIndex(byNode, metadata.name).flatMap((each) => volumeOf(each) ?? []),
        (previous, node) =>
          !jsonEqual(previous.status?.volumesInUse, node.status?.volumesInUse) ||
          !jsonEqual(previous.spec?.taints, node.spec?.taints),
      ),
    ],
  })
  const telling = runController({
    ...context,
    name: 'volumes-attached',
    reconcile: reconcileNode,
    shares: [attachments, nodeInformer],
    watches: [
      watch(attachments, ({ spec }) => spec.nodeName),
      watch(
        nodeInformer,
        ({ metadata, status }) => (status?.volumesAttached?.length ? metadata.name : undefined),
        (previous, node) => !jsonEqual(previous.status?.volumesAttached, node.status?.volumesAttached),
      ),
    ],
  })
  return async () => {
    void forget()
    void forgetPods()
    await Promise.all([attaching.stop(), telling.stop()])
  }
}

const byClaim = 'attached-claim'
const byVolume = 'attached-volume'
const byNode = 'attached-node'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const nameOf = ({ driver, volumeHandle }: CSIPersistentVolumeSource, node: string): string =>
  attachmentName({ driver, handle: volumeHandle, node }, sha256)

/** What `nameOf` gives, of a volume that is gone. */
const ownName = /^csi-[0-9a-f]{64}$/

const aboutPod = (pod: Stored<Pod>): Stored<Pod> => ({ ...pod, apiVersion: 'v1', kind: 'Pod' })

/** Keys of the claims that a pod's volumes are of. */
const claimsOf = (pod: Stored<Pod>): string[] =>
  (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral ? `${pod.metadata.name}-${name}` : undefined)
    return claim === undefined ? [] : keyOf({ metadata: { namespace: pod.metadata.namespace, name: claim } })
  })
