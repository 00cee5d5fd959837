import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceClaim,
  ResourceClaimStatus,
  ResourceClaimTemplate,
  ResourceResourceClaim as ResourceClaim,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { fieldForbidden, forbidden, invalid, type FieldError } from '#shared/kube/status.ts'
import type { Authorizer } from '../api/access.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../api/admission.ts'

const group = 'resource.k8s.io'
const adminLabel = 'resource.kubernetes.io/admin-access'

/**
 * What claims of devices need beyond the right to write them: administrators' access needs a label of the namespace, and
 * a change of a claim's status needs `resourceclaims/binding`, or `resourceclaims/driver` for what a driver reports. (In
 * Kubernetes a part of the strategies of the kinds: registry/resource.)
 */
export const deviceAccess = ({ authorizer }: { authorizer: Authorizer }): AdmissionPlugin => ({
  name: 'DeviceAccess',
  async validate(attributes) {
    const { kind, operation, subresource } = attributes
    if (kind.group !== group || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    if (kind.plural === 'resourceclaimtemplates') {
      refuse(attributes, adminFindings(attributes, (attributes.object as ResourceClaimTemplate).spec.spec.devices))
    } else if (kind.plural === 'resourceclaims' && subresource === 'status') {
      refuse(attributes, await statusFindings(attributes, authorizer))
    } else if (kind.plural === 'resourceclaims') {
      refuse(attributes, adminFindings(attributes, (attributes.object as ResourceClaim).spec.devices))
    }
  },
})

/** @throws ApiError 422 */
function refuse({ kind, name, object }: AdmissionAttributes, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(kind.kind, kind.group, name || (object?.metadata.name ?? ''), errors)
}

function adminFindings(attributes: AdmissionAttributes, devices: DeviceClaim | undefined): FieldError[] {
  const i = devices?.requests?.findIndex(({ exactly }) => exactly?.adminAccess === true) ?? -1
  return i < 0 ? [] : labelFindings(attributes, `spec.devices.requests[${i}].adminAccess`)
}

function labelFindings({ reader, namespace }: AdmissionAttributes, field: string): FieldError[] {
  if (reader.get(namespaces, '', namespace)?.metadata.labels?.[adminLabel] === 'true') return []
  return [
    fieldForbidden(
      field,
      `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`,
    ),
  ]
}

async function statusFindings(attributes: AdmissionAttributes, authorizer: Authorizer): Promise<FieldError[]> {
  const next = (attributes.object as ResourceClaim).status ?? {}
  const previous = (attributes.oldObject as ResourceClaim | undefined)?.status ?? {}
  return [
    ...grantFindings(attributes, next, previous),
    ...(await bindingFindings(attributes, { next, previous, authorizer })),
    ...(await driverFindings(attributes, { next, previous, authorizer })),
  ]
}

function grantFindings(
  attributes: AdmissionAttributes,
  next: ResourceClaimStatus,
  previous: ResourceClaimStatus,
): FieldError[] {
  const grantOf = ({ allocation }: ResourceClaimStatus): number =>
    allocation?.devices?.results?.findIndex(({ adminAccess }) => adminAccess === true) ?? -1
  const i = grantOf(next)
  // An allocation that was granted before is immutable.
  if (i < 0 || grantOf(previous) >= 0) return []
  return labelFindings(attributes, `status.allocation.devices.results[${i}].adminAccess`)
}

interface StatusChange {
  next: ResourceClaimStatus
  previous: ResourceClaimStatus
  authorizer: Authorizer
}

async function bindingFindings(
  attributes: AdmissionAttributes,
  { next, previous, authorizer }: StatusChange,
): Promise<FieldError[]> {
  if (jsonEqual(next.allocation, previous.allocation) && jsonEqual(next.reservedFor, previous.reservedFor)) return []
  const wanted = { subresource: 'binding', namespace: '', name: '', verbs }
  if (await isAllowed(attributes, authorizer, wanted)) return []
  const why = denial(attributes, wanted)
  return [
    fieldForbidden(
      'status',
      `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission: ${why}`,
    ),
  ]
}

/** Each driver whose devices change needs its own permission; a driver on the node of the claim a lesser one. */
async function driverFindings(
  attributes: AdmissionAttributes,
  { next, previous, authorizer }: StatusChange,
): Promise<FieldError[]> {
  const prefixes = isOnNodeOf(attributes, next.allocation)
    ? ['associated-node:', 'arbitrary-node:']
    : ['arbitrary-node:']
  const allocated = new Set(next.allocation?.devices?.results?.map(keyOf))
  const errors: FieldError[] = []
  for (const name of [
    ...changedDrivers(next.devices ?? [], previous.devices ?? [], (key) => allocated.has(key)),
  ].sort()) {
    const wanted = {
      subresource: 'driver',
      namespace: attributes.namespace,
      name,
      verbs: prefixes.flatMap((prefix) => verbs.map((verb) => prefix + verb)),
    }
    if (await isAllowed(attributes, authorizer, wanted)) continue
    const tried = prefixes.map((prefix) => `${prefix}update`).join(' ')
    errors.push(
      fieldForbidden(
        'status.devices',
        `changing status.devices requires resource="resourceclaims/driver", verb="[${tried}]" permission: ${denial(attributes, wanted)}`,
      ),
    )
  }
  return errors
}

/** A write is an update or a patch, which plugins do not tell apart: either permission is enough. */
const verbs = ['update', 'patch']

interface Permission {
  subresource: string
  namespace: string
  name: string
  verbs: readonly string[]
}

async function isAllowed(
  { user }: AdmissionAttributes,
  authorizer: Authorizer,
  { subresource, namespace, name, verbs: wanted }: Permission,
): Promise<boolean> {
  for (const verb of wanted) {
    const { allowed } = await authorizer.authorize({
      user,
      resourceRequest: true,
      verb,
      group,
      version: '*',
      resource: 'resourceclaims',
      subresource,
      namespace,
      name,
    })
    if (allowed) return true
  }
  return false
}

function denial(
  { user }: AdmissionAttributes,
  { subresource, namespace, name, verbs: [verb = ''] }: Permission,
): string {
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope'
  return forbidden(
    { group, resource: 'resourceclaims' },
    name,
    `User "${user.name}" cannot ${verb} resource "resourceclaims/${subresource}" in API group "${group}" ${where}`,
  ).message
}

const keyOf = ({
  driver,
  pool,
  device,
  shareID = '',
}: Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>): string =>
  [driver, pool, device, shareID].join('/')

/** Drivers whose reports are added, changed, or removed although the device stays allocated. */
function changedDrivers(
  next: readonly AllocatedDeviceStatus[],
  previous: readonly AllocatedDeviceStatus[],
  isAllocated: (key: string) => boolean,
): ReadonlySet<string> {
  const before = new Map(previous.map((device) => [keyOf(device), device]))
  const drivers = new Set<string>()
  for (const device of next) {
    const key = keyOf(device)
    if (!jsonEqual(before.get(key), device)) drivers.add(device.driver)
    before.delete(key)
  }
  for (const [key, { driver }] of before) if (isAllocated(key)) drivers.add(driver)
  return drivers
}

const nodeNameKey = 'authentication.kubernetes.io/node-name'

/** Whether the user is a service account on the one node that the allocation is for. */
function isOnNodeOf({ user }: AdmissionAttributes, allocation: AllocationResult | undefined): boolean {
  if (!user.name.startsWith('system:serviceaccount:')) return false
  const [node, ...others] = user.extra?.[nodeNameKey] ?? []
  return node !== undefined && others.length === 0 && node === nodeOf(allocation)
}

function nodeOf(allocation: AllocationResult | undefined): string | undefined {
  const [term, ...others] = allocation?.nodeSelector?.nodeSelectorTerms ?? []
  if (!term || others.length > 0 || (term.matchExpressions?.length ?? 0) > 0) return undefined
  const [field, ...moreFields] = term.matchFields ?? []
  if (field?.key !== 'metadata.name' || field.operator !== 'In' || moreFields.length > 0) return undefined
  return field.values?.length === 1 ? field.values[0] : undefined
}
