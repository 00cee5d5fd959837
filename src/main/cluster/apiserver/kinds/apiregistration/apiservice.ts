import type { APIService, APIServiceSpec } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { label1035Problems, pathSegmentProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { allMetadata, type KindDeclaration } from '../../api/kind.ts'
import { addInvalid } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** The server of a version of an API group: this one, or a Service that requests are forwarded to. */
export const apiService: KindDeclaration<APIService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  unconditionalUpdate: false,
  plural: 'apiservices',
  singular: 'apiservice',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  generation: false,
  // The name of the core group's is `v1.`, which is not a DNS subdomain.
  validateName: pathSegmentProblems,
  setDefaults({ spec }) {
    if (spec?.service) spec.service.port ??= 443
  },
  prepareForCreate(object) {
    object.status = {}
  },
  validate({ metadata, spec }) {
    const errors: FieldError[] = []
    if (spec) checkSpec(spec, metadata.name ?? '', errors)
    else errors.push(fieldRequired('spec'))
    return errors
  },
  status: { keepsMetadata: allMetadata },
  columns: [
    text('Service', 'The service that answers, if it is another than this server.', ({ spec }) =>
      spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local',
    ),
    text('Available', 'Whether it can be reached.', ({ status }) => {
      const available = status?.conditions?.find(({ type }) => type === 'Available')
      if (!available) return 'Unknown'
      return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`
    }),
    age,
  ],
}

function checkSpec(spec: APIServiceSpec, name: string, errors: FieldError[]): void {
  const { group = '', version = '', service, groupPriorityMinimum, versionPriority } = spec
  const wanted = `${version}.${group}`
  if (name !== '' && name !== wanted && pathSegmentProblems(name).length === 0)
    errors.push(
      fieldInvalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`),
    )
  if (group !== '') addInvalid(subdomainProblems(group), group, 'spec.group', errors)
  else if (version !== 'v1')
    errors.push(fieldRequired('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  addInvalid(label1035Problems(version), version, 'spec.version', errors)
  if (!(groupPriorityMinimum > 0 && groupPriorityMinimum <= 20_000))
    errors.push(fieldInvalid('spec.groupPriorityMinimum', groupPriorityMinimum, 'must be positive and less than 20000'))
  if (!(versionPriority > 0 && versionPriority <= 1_000))
    errors.push(fieldInvalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000'))
  if (!service) {
    if (spec.caBundle) errors.push(fieldInvalid('spec.caBundle', '', 'local APIServices may not have a caBundle'))
    if (spec.insecureSkipTLSVerify)
      errors.push(
        fieldInvalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'),
      )
    return
  }
  if (!service.namespace) errors.push(fieldRequired('spec.service.namespace'))
  if (!service.name) errors.push(fieldRequired('spec.service.name'))
  if (spec.insecureSkipTLSVerify && spec.caBundle)
    errors.push(fieldInvalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'))
}
