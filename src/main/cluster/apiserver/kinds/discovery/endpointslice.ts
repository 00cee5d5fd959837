import type { Endpoint, EndpointSlice } from '#shared/kube/generated/types.ts'
import { asNumber, jsonEqual } from '#shared/kube/json.ts'
import { fieldDuplicate, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import {
  ipFamily,
  labelProblems,
  labelValueProblems,
  qualifiedNameProblems,
  rangeProblems,
  subdomainProblems,
} from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkAtMost, checkImmutable, checkOneOf } from '../../validation/fields.ts'
import type { Wire } from '../../api/wire.ts'
import { age, text } from '../../api/columns.ts'
import { checkEndpointAddress } from '../../validation/addresses.ts'

/** A subset of the endpoints of a Service. */
export const endpointSlice: KindDeclaration<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= ''
      port.protocol ||= 'TCP'
    }
  },
  prepareForCreate: (object) => void dropTopology(object),
  // Labels count too: they tell the Service.
  prepareForUpdate(next, previous) {
    const isDropped = dropTopology(next)
    if (isDropped || !jsonEqual(next.metadata.labels, previous.metadata.labels))
      next.metadata.generation = asNumber(previous.metadata.generation ?? 0) + 1
  },
  validate,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.addressType, previous.addressType, 'addressType', errors)
    return errors
  },
  columns: [
    text('AddressType', 'What the addresses are.', ({ addressType }) => addressType),
    text('Ports', 'Ports of every endpoint.', ({ ports }) => portsText(ports)),
    text('Endpoints', 'Addresses of the endpoints.', ({ endpoints }) => addressesText(endpoints)),
    age,
  ],
}

/** This version has no topology of an endpoint. @returns whether there was one */
function dropTopology({ endpoints }: EndpointSlice): boolean {
  const given = (endpoints ?? []).filter(({ deprecatedTopology }) => deprecatedTopology !== undefined)
  for (const endpoint of given) delete endpoint.deprecatedTopology
  return given.length > 0
}

const maxEndpoints = 1000
const maxAddresses = 100

function validate({ addressType, endpoints, ports }: Wire<EndpointSlice>): FieldError[] {
  const errors: FieldError[] = []
  checkOneOf(addressType, ['FQDN', 'IPv4', 'IPv6'], 'addressType', errors)
  const list = endpoints ?? []
  checkAtMost(list.length, maxEndpoints, 'endpoints', errors)
  list.forEach((endpoint, i) => {
    checkEndpoint(endpoint, addressType ?? '', `endpoints[${i}]`, errors)
  })
  const names = new Set<string>()
  ports?.forEach(({ name = '', port, protocol, appProtocol }, i) => {
    const field = `ports[${i}]`
    if (names.has(name)) errors.push(fieldDuplicate(`${field}.name`, name))
    names.add(name)
    if (name !== '') addInvalid(labelProblems(name), name, `${field}.name`, errors)
    checkOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${field}.protocol`, errors)
    if (appProtocol !== undefined)
      addInvalid(qualifiedNameProblems(appProtocol), appProtocol, `${field}.appProtocol`, errors)
    if (port !== undefined) addInvalid(rangeProblems(port, 1, 65535), port, `${field}.port`, errors)
  })
  return errors
}

function checkEndpoint(endpoint: Wire<Endpoint>, type: string, field: string, errors: FieldError[]): void {
  const addresses = endpoint.addresses ?? []
  if (addresses.length === 0) errors.push(fieldRequired(`${field}.addresses`, 'must contain at least 1 address'))
  checkAtMost(addresses.length, maxAddresses, `${field}.addresses`, errors)
  addresses.forEach((address, i) => {
    const at = `${field}.addresses[${i}]`
    if (type === 'FQDN') addInvalid(subdomainProblems(address), address, at, errors)
    else {
      checkEndpointAddress(address, at, errors)
      const family = ipFamily(address)
      if (family !== undefined && (type === 'IPv4' || type === 'IPv6') && family !== type)
        errors.push(fieldInvalid(`${field}.addresses`, address, `must be an ${type} address`))
    }
  })
  const { hostname, nodeName, hints = {} } = endpoint
  hints.forZones?.forEach(({ name = '' }, i) => {
    addInvalid(labelValueProblems(name), name, `${field}.hints.forZones[${i}].name`, errors)
  })
  hints.forNodes?.forEach(({ name = '' }, i) => {
    addInvalid(subdomainProblems(name), name, `${field}.hints.forNodes[${i}].name`, errors)
  })
  if (hostname !== undefined) addInvalid(labelProblems(hostname), hostname, `${field}.hostname`, errors)
  if (nodeName !== undefined) addInvalid(subdomainProblems(nodeName), nodeName, `${field}.nodeName`, errors)
}

const shown = 3

function portsText(ports: EndpointSlice['ports']): string {
  if (!ports?.length) return '<unset>'
  return firstOf(ports.map(({ port }) => (port === undefined ? '*' : String(port))))
}

function addressesText(endpoints: EndpointSlice['endpoints']): string {
  if (!endpoints?.length) return '<unset>'
  return firstOf(endpoints.flatMap(({ addresses }) => addresses))
}

function firstOf(texts: string[]): string {
  const more = texts.length > shown ? ` + ${texts.length - shown} more...` : ''
  return texts.slice(0, shown).join(',') + more
}
