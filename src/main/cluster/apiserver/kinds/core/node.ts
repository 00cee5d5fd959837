import { cidrText, parseCidr } from '#shared/kube/ip.ts'
import { isIP } from 'node:net'
import type { Node, Taint } from '#shared/kube/generated/types.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  type FieldError,
} from '#shared/kube/status.ts'
import {
  ipFamily,
  labelValueProblems,
  portProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from '#shared/kube/validation-names.ts'
import { canonicalizeQuantities } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { handled, proxyVerbs } from '../handled.ts'
import { checkCount } from '../../validation/resources.ts'
import { addInvalid, checkOneOf } from '../../validation/fields.ts'
import type { Wire } from '../../api/wire.ts'
import { age, text, wide } from '../../api/columns.ts'
import { checkAddress } from '../../validation/addresses.ts'

/** A worker of the cluster. */
export const node: KindDeclaration<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Node',
  generation: false,
  subresources: { proxy: handled(proxyVerbs, 'NodeProxyOptions') },
  setDefaults,
  warnings: ({ spec }) =>
    spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : [],
  // A kubelet creates its Node with the status.
  status: { keptOnCreate: true, setStatusDefaults: setDefaults, validateStatus: nodeStatusFindings },
  validate: ({ spec }) => [...taintFindings(spec?.taints ?? []), ...rangeFindings(spec?.podCIDRs ?? [])],
  validateUpdate,
  fields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  columns: [
    text('Status', 'Whether the node can run pods.', statusText),
    text('Roles', 'What the node is for.', rolesText),
    age,
    text('Version', 'Version of the kubelet.', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
    wide(text('Internal-IP', 'Address inside the cluster.', (object) => addressOf(object, 'InternalIP'))),
    wide(text('External-IP', 'Address outside the cluster.', (object) => addressOf(object, 'ExternalIP'))),
    wide(text('OS-Image', 'Operating system.', ({ status }) => status?.nodeInfo?.osImage || '<unknown>')),
    wide(text('Kernel-Version', 'Kernel.', ({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>')),
    wide(
      text(
        'Container-Runtime',
        'Container runtime and its version.',
        ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
      ),
    ),
  ],
}

function setDefaults(object: Node): void {
  const { spec, status } = object
  // podCIDR mirrors the first of podCIDRs; where they differ, podCIDR takes precedence
  // (Convert_v1_NodeSpec_To_core_NodeSpec of Kubernetes), and validation sees the change.
  if (spec?.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR]
  else if (spec?.podCIDRs?.[0] && !spec.podCIDR) spec.podCIDR = spec.podCIDRs[0]
  object.spec ??= {}
  if (status?.capacity) canonicalizeQuantities(status.capacity)
  if (status?.allocatable) canonicalizeQuantities(status.allocatable)
  if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity }
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

function taintFindings(taints: readonly Wire<Taint>[]): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  taints.forEach((taint, i) => {
    const field = `metadata.taints[${i}]`
    const { key = '', value = '', effect } = taint
    if (key === '') errors.push(fieldRequired(`${field}.key`))
    else addInvalid(qualifiedNameProblems(key), key, `${field}.key`, errors)
    addInvalid(labelValueProblems(value), value, `${field}.value`, errors)
    checkOneOf(effect, effects, `${field}.effect`, errors)
    const identity = `${key}:${effect ?? ''}`
    if (seen.has(identity)) errors.push(fieldDuplicate(field, taint))
    seen.add(identity)
  })
  return errors
}

/** Validates the pod CIDRs: at most one per IP family. */
function rangeFindings(ranges: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  ranges.forEach((range, i) => {
    const [, address = '', bits = ''] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(range) ?? []
    const family = ipFamily(address)
    const cidr = parseCidr(range)
    if (cidr && cidrText(cidr) !== range)
      errors.push(fieldInvalid(`spec.podCIDRs[${i}]`, range, 'must not have bits set beyond the prefix length'))
    if (family === undefined || Number(bits) > (family === 'IPv4' ? 32 : 128))
      errors.push(
        fieldInvalid(`spec.podCIDRs[${i}]`, range, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
      )
  })
  const families = new Set(ranges.map((range) => ipFamily(range.split('/')[0] ?? '')))
  if (ranges.length > 1 && families.size !== ranges.length)
    errors.push(fieldInvalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family'))
  return errors
}

function validateUpdate({ spec: next = {} }: Node, { spec: previous = {} }: Node): FieldError[] {
  const errors: FieldError[] = []
  if (previous.podCIDRs?.length && previous.podCIDRs.join() !== (next.podCIDRs ?? []).join())
    errors.push(fieldForbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
  if (previous.providerID && previous.providerID !== next.providerID)
    errors.push(fieldForbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  return errors
}

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word
}

const rolePrefix = 'node-role.kubernetes.io/'

function rolesText({ metadata }: Node): string {
  const roles = new Set<string>()
  for (const [label, value] of Object.entries(metadata.labels ?? {})) {
    if (label.startsWith(rolePrefix) && label.length > rolePrefix.length) roles.add(label.slice(rolePrefix.length))
    else if (label === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort().join(',') || '<none>'
}

const addressOf = ({ status }: Node, type: string): string =>
  status?.addresses?.find((address) => address.type === type)?.address ?? '<none>'

function nodeStatusFindings({ status = {} }: Wire<Node>): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  status.addresses?.forEach(({ type = '', address = '' }, i) => {
    const field = `status.addresses[${i}]`
    const key = `${type} ${address}`
    if (seen.has(key)) errors.push(fieldDuplicate(field, { type, address }))
    seen.add(key)
    if (type === 'InternalIP' || type === 'ExternalIP') checkAddress(address, `${field}.address`, errors)
    else if (!nodeNames.includes(type)) errors.push(fieldNotSupported(`${field}.type`, type, nodeAddressTypes))
    else if (isIP(address) === 0) addInvalid(subdomainProblems(address), address, `${field}.address`, errors)
  })
  for (const list of ['capacity', 'allocatable'] as const)
    for (const [name, quantity] of Object.entries(status[list] ?? {}))
      checkCount(name, String(quantity), `status.${list}.${name}`, errors)
  const port = status.daemonEndpoints?.kubeletEndpoint?.Port
  if (port !== undefined && port !== 0)
    addInvalid(portProblems(port), port, 'status.daemonEndpoints.kubeletEndpoint.Port', errors)
  return errors
}

const nodeNames = ['ExternalDNS', 'Hostname', 'InternalDNS']
const nodeAddressTypes = [...nodeNames, 'ExternalIP', 'InternalIP'].sort()
