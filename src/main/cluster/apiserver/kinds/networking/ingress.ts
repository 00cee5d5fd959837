import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressServiceBackend,
  TypedLocalObjectReference,
} from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import {
  ipFamily,
  labelProblems,
  pathSegmentProblems,
  portNameProblems,
  portProblems,
  subdomainProblems,
  wildcardProblems,
} from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkSupported } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'
import { ingressStatusFindings } from '../../validation/status.ts'

/** Routes requests from outside to Services. */
export const ingress: KindDeclaration<Ingress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  namespaced: true,
  schema: 'io.k8s.api.networking.v1.Ingress',
  prepareForCreate(object) {
    object.status = { loadBalancer: {} }
  },
  status: { validateStatus: ingressStatusFindings },
  validate,
  columns: [
    text(
      'Class',
      'Who serves it.',
      ({ metadata, spec }) =>
        spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'] ?? '<none>',
    ),
    text('Hosts', 'For which names.', ({ spec }) => {
      const hosts = (spec?.rules ?? []).flatMap(({ host }) => host ?? [])
      return hosts.length === 0
        ? '*'
        : hosts.length > 3
          ? `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...`
          : hosts.join(',')
    }),
    text('Address', 'Where it is reached.', ({ status }) =>
      (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').join(','),
    ),
    text('Ports', 'At which ports.', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
    age,
  ],
}

function validate({ spec = {} }: Ingress): FieldError[] {
  const errors: FieldError[] = []
  const { rules = [], defaultBackend, ingressClassName, tls = [] } = spec
  if (rules.length === 0 && !defaultBackend)
    errors.push(fieldInvalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified'))
  if (defaultBackend) checkBackend(defaultBackend, 'spec.defaultBackend', errors)
  rules.forEach(({ host, http }, i) => {
    const field = `spec.rules[${i}]`
    if (host) {
      if (ipFamily(host)) errors.push(fieldInvalid(`${field}.host`, host, 'must be a DNS name, not an IP address'))
      else checkHost(host, `${field}.host`, errors)
    }
    if (!http) return
    if (!http.paths?.length) errors.push(fieldRequired(`${field}.http.paths`))
    http.paths?.forEach((path, j) => checkPath(path, `${field}.http.paths[${j}]`, errors))
  })
  tls.forEach(({ hosts = [], secretName }, i) => {
    hosts.forEach((host, j) => checkHost(host, `spec.tls[${i}].hosts[${j}]`, errors))
    if (secretName) addInvalid(subdomainProblems(secretName), secretName, `spec.tls[${i}].secretName`, errors)
  })
  if (ingressClassName !== undefined)
    addInvalid(subdomainProblems(ingressClassName), ingressClassName, 'spec.ingressClassName', errors)
  return errors
}

const checkHost = (host: string, field: string, errors: FieldError[]): void =>
  addInvalid(host.includes('*') ? wildcardProblems(host) : subdomainProblems(host), host, field, errors)

/** Of a path without a type, nothing else is looked at. */
function checkPath(
  { path = '', pathType, backend }: Partial<HTTPIngressPath>,
  field: string,
  errors: FieldError[],
): void {
  if (pathType === undefined) {
    errors.push(fieldRequired(`${field}.pathType`, 'pathType must be specified'))
    return
  }
  checkSupported(pathType, ['Exact', 'ImplementationSpecific', 'Prefix'], `${field}.pathType`, errors)
  const isCompared = pathType === 'Exact' || pathType === 'Prefix'
  const invalid = (why: string): void => void errors.push(fieldInvalid(`${field}.path`, path, why))
  if (!path.startsWith('/') && (isCompared || (path !== '' && pathType === 'ImplementationSpecific')))
    invalid('must be an absolute path')
  if (isCompared) {
    for (const bad of ['//', '/./', '/../', '%2f', '%2F']) if (path.includes(bad)) invalid(`must not contain '${bad}'`)
    for (const bad of ['/..', '/.']) if (path.endsWith(bad)) invalid(`cannot end with '${bad}'`)
  }
  checkBackend(backend, `${field}.backend`, errors)
}

function checkBackend(backend: IngressBackend | undefined, field: string, errors: FieldError[]): void {
  const { service, resource } = backend ?? {}
  if (service && resource) errors.push(fieldInvalid(field, '', 'cannot set both resource and service backends'))
  else if (resource) checkReference(resource, `${field}.resource`, errors)
  else if (service) checkService(service, field, errors)
  else errors.push(fieldInvalid(field, '', 'resource or service backend is required'))
}

function checkReference(
  { apiGroup, kind, name }: Partial<TypedLocalObjectReference>,
  field: string,
  errors: FieldError[],
): void {
  if (apiGroup !== undefined) addInvalid(subdomainProblems(apiGroup), apiGroup, `${field}.apiGroup`, errors)
  for (const [part, value] of Object.entries({ kind, name }))
    if (value) addInvalid(pathSegmentProblems(value), value, `${field}.${part}`, errors)
    else errors.push(fieldRequired(`${field}.${part}`))
}

function checkService(service: Partial<IngressServiceBackend>, field: string, errors: FieldError[]): void {
  if (!service.name) errors.push(fieldRequired(`${field}.service.name`))
  else addInvalid(labelProblems(service.name), service.name, `${field}.service.name`, errors)
  const { name, number } = service.port ?? {}
  if (name && number) errors.push(fieldInvalid(field, '', 'cannot set both port name & port number'))
  else if (name) addInvalid(portNameProblems(name), name, `${field}.service.port.name`, errors)
  else if (number !== undefined) addInvalid(portProblems(number), number, `${field}.service.port.number`, errors)
  else errors.push(fieldRequired(field, 'port name or number is required'))
}
