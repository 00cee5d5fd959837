import { Status as codes } from '@grpc/grpc-js/build/src/constants.js'
import { refOf, type Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { withoutCondition } from '#shared/kube/conditions.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { compareQuantities, quantityValue } from '#shared/kube/quantity.ts'
import { persistentVolumeClaims } from '#shared/kube/resources.ts'
import { capacityOf } from '#shared/kube/volume-binding.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { CsiDriver } from './drivers.ts'
import { RpcFailed } from './grpc.ts'
import type { NodeCalls } from './protocol.ts'

export interface NodeExpansion {
  client: Client
  recorder: EventRecorder
  driver: CsiDriver
  claim: Stored<PersistentVolumeClaim>
  volume: Stored<PersistentVolume>
  pod: Stored<Pod>
  request: Omit<NodeCalls['NodeExpandVolume']['request'], 'capacity_range'>
}

type Status = NonNullable<PersistentVolumeClaim['status']>

/**
 * Expands the file system of a volume that has grown, and completes the claim's status (node_expander.go). Does nothing for
 * a claim that has its volume's capacity. A failure is an event and part of the claim's status; the pod goes on.
 */
export async function expandOnNode(expansion: NodeExpansion): Promise<void> {
  const { client, recorder, driver, claim, volume, pod, request } = expansion
  const wanted = capacityOf(volume)
  const { status = {} } = claim
  if (compareQuantities(wanted, status.capacity?.['storage'] ?? wanted) <= 0) return
  // Since the driver said that no size suits it, nothing has been asked anew: the controller would have reset this.
  if (status.allocatedResourceStatuses?.['storage'] === 'NodeResizeInfeasible') return
  const write = async (next: object): Promise<void> => {
    const body = { metadata: { uid: claim.metadata.uid }, status: next }
    await client.patch(persistentVolumeClaims, refOf(claim), { type: 'merge', body }, { subresource: 'status' })
  }
  if (driver.capabilities.has('EXPAND_VOLUME')) {
    await write({ allocatedResourceStatuses: { storage: 'NodeResizeInProgress' } })
    try {
      await driver.call('NodeExpandVolume', { ...request, capacity_range: { required_bytes: quantityValue(wanted) } })
    } catch (error) {
      const why = `NodeExpandVolume failed for volume "${volume.metadata.name}": ${messageOf(error)}`
      recorder.event(pod, 'Warning', 'VolumeResizeFailed', why)
      if (isInfeasible(error)) await write({ allocatedResourceStatuses: { storage: 'NodeResizeInfeasible' } })
      return
    }
  }
  await write(expandedStatus(status, wanted))
  const message = `MountVolume.NodeExpandVolume succeeded for volume "${volume.metadata.name}"`
  recorder.event(pod, 'Normal', 'FileSystemResizeSuccessful', message)
  const about = { ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
  recorder.event(about, 'Normal', 'FileSystemResizeSuccessful', message)
}

/** As a merge patch: the entry of storage is removed, entries of other resources stay. */
const expandedStatus = ({ conditions }: Status, capacity: string): object => ({
  capacity: { storage: capacity },
  allocatedResourceStatuses: { storage: null },
  conditions: withoutCondition(withoutCondition(conditions, 'FileSystemResizePending'), 'Resizing'),
})

const infeasible: ReadonlySet<number> = new Set([codes.INVALID_ARGUMENT, codes.OUT_OF_RANGE, codes.NOT_FOUND])

/** Errors after which the same call fails again (csi: final errors that name the request). */
const isInfeasible = (error: unknown): boolean => error instanceof RpcFailed && infeasible.has(error.code)
