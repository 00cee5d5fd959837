import type { Endpoints, EndpointSubset } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import {
  ipFamily,
  labelProblems,
  portProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkOneOf } from '../../validation/fields.ts'
import type { Wire } from '../../api/wire.ts'
import { age, text } from '../../api/columns.ts'
import { checkEndpointAddress } from '../../validation/addresses.ts'

/** The addresses behind a Service, in the legacy form. */
export const endpoints: KindDeclaration<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Endpoints',
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  generation: false,
  createOnUpdate: true,
  setDefaults({ subsets }) {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP'
  },
  validate({ subsets = [] }) {
    const errors: FieldError[] = []
    subsets.forEach((subset, i) => {
      checkSubset(subset, `subsets[${i}]`, errors)
    })
    return errors
  },
  columns: [text('Endpoints', 'Addresses and ports behind the service.', endpointsText), age],
}

function checkSubset(
  { addresses = [], notReadyAddresses = [], ports = [] }: Wire<EndpointSubset>,
  field: string,
  errors: FieldError[],
): void {
  if (addresses.length === 0 && notReadyAddresses.length === 0)
    errors.push(fieldRequired(field, 'must specify `addresses` or `notReadyAddresses`'))
  const all = { addresses, notReadyAddresses }
  for (const [name, list] of Object.entries(all)) {
    list.forEach(({ ip = '', hostname, nodeName }, i) => {
      const at = `${field}.${name}[${i}]`
      checkEndpointAddress(ip, `${at}.ip`, errors)
      // Kubernetes parses it once more, to look for special addresses.
      if (ipFamily(ip) === undefined) errors.push(fieldInvalid(`${at}.ip`, ip, 'must be a valid IP address'))
      if (hostname) addInvalid(labelProblems(hostname), hostname, `${at}.hostname`, errors)
      if (nodeName !== undefined) addInvalid(subdomainProblems(nodeName), nodeName, `${at}.nodeName`, errors)
    })
  }
  ports.forEach(({ name = '', port = 0, protocol, appProtocol }, i) => {
    const at = `${field}.ports[${i}]`
    if (name === '' && ports.length > 1) errors.push(fieldRequired(`${at}.name`))
    else if (name !== '') addInvalid(labelProblems(name), name, `${at}.name`, errors)
    for (const problem of portProblems(port)) errors.push(fieldInvalid(`${at}.port`, port, problem))
    checkOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${at}.protocol`, errors)
    if (appProtocol !== undefined)
      addInvalid(qualifiedNameProblems(appProtocol), appProtocol, `${at}.appProtocol`, errors)
  })
}

const shown = 3

function endpointsText({ subsets = [] }: Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip)
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`))
  })
  if (all.length === 0) return '<none>'
  const more = all.length > shown ? ` + ${all.length - shown} more...` : ''
  return all.slice(0, shown).join(',') + more
}
