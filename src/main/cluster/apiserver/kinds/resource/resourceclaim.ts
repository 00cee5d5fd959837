import type { AllocatedDeviceStatus, ResourceResourceClaim as ResourceClaim } from '#shared/kube/generated/types.ts'
import type { FieldError } from '#shared/kube/status.ts'
import { allMetadata, type KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { deviceClaimFindings } from '../../validation/devices/claim.ts'
import { claimStatusFindings } from '../../validation/devices/claim-status.ts'
import { setRequestDefaults } from '../../defaulting/device-requests.ts'
import { age, text } from '../../api/columns.ts'

/** A request for devices. */
export const resourceClaim: KindDeclaration<ResourceClaim> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  singular: 'resourceclaim',
  namespaced: true,
  schema: 'io.k8s.api.resource.v1.ResourceClaim',
  returnsDeleted: true,
  generation: false,
  setDefaults: ({ spec }) => {
    spec.devices ??= {}
    setRequestDefaults(spec.devices)
  },
  prepareForCreate(object) {
    object.status = {}
  },
  status: { keepsMetadata: allMetadata, validateStatus: claimStatusFindings, setStatusDefaults, prepareStatus },
  // The spec is immutable: what was accepted before stays valid.
  validate: ({ spec }, previous) => (previous ? [] : deviceClaimFindings(spec.devices, 'spec.devices')),
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
  columns: [
    text('State', 'How far it is.', ({ metadata, status }) => {
      const states = [
        ...(metadata.deletionTimestamp === undefined ? [] : ['deleted']),
        ...(status?.allocation ? ['allocated'] : []),
        ...(status?.reservedFor?.length ? ['reserved'] : []),
      ]
      return states.join(',') || 'pending'
    }),
    age,
  ],
}

function setStatusDefaults({ status }: ResourceClaim): void {
  if (status?.allocation) status.allocation.devices ??= {}
}

/** What drivers reported of devices goes with their allocation. */
function prepareStatus(next: ResourceClaim, previous: ResourceClaim): void {
  const { status } = next
  if (!status?.devices || !previous.status?.allocation) return
  const before = allocatedDevices(previous)
  const now = allocatedDevices(next)
  const devices = status.devices.filter((device) => now.has(idOf(device)) || !before.has(idOf(device)))
  if (devices.length > 0) status.devices = devices
  else delete status.devices
}

type DeviceRef = Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>

const idOf = ({ driver, pool, device, shareID = '' }: DeviceRef): string => [driver, pool, device, shareID].join('/')

const allocatedDevices = ({ status }: ResourceClaim): ReadonlySet<string> =>
  new Set(status?.allocation?.devices?.results?.map(idOf))
