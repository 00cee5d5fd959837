import type { IngressClass, IngressClassParametersReference } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { labelProblems, pathSegmentProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid, checkDomainPrefixedPath, checkImmutable, checkSupported } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** The controller that serves Ingresses of the class. */
export const ingressClass: KindDeclaration<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.IngressClass',
  setDefaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster'
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    const { controller = '', parameters } = spec ?? {}
    if (controller.length > maxController) errors.push(fieldTooLong('spec.controller', maxController))
    checkDomainPrefixedPath(controller, 'spec.controller', errors)
    if (parameters) checkParameters(parameters, 'spec.parameters', errors)
    return errors
  },
  validatesChangeFirst: true,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec?.controller ?? '', previous.spec?.controller, 'spec.controller', errors)
    return errors
  },
  columns: [
    text('Controller', 'Who serves its Ingresses.', ({ spec }) => spec?.controller ?? ''),
    text('Parameters', 'Where its settings are.', ({ spec }) =>
      spec?.parameters
        ? `${spec.parameters.kind}${spec.parameters.apiGroup ? `.${spec.parameters.apiGroup}` : ''}/${spec.parameters.name}`
        : '<none>',
    ),
    age,
  ],
}

const maxController = 250

function checkParameters(
  { apiGroup, kind, name, scope = '', namespace }: Wire<IngressClassParametersReference>,
  field: string,
  errors: FieldError[],
): void {
  if (apiGroup !== undefined) addInvalid(subdomainProblems(apiGroup), apiGroup, `${field}.apiGroup`, errors)
  for (const [key, value] of Object.entries({ kind, name }))
    if (!value) errors.push(fieldRequired(`${field}.${key}`))
    else addInvalid(pathSegmentProblems(value), value, `${field}.${key}`, errors)
  checkSupported(scope, ['Cluster', 'Namespace'], `${field}.scope`, errors)
  if (scope === 'Namespace') {
    if (!namespace) errors.push(fieldRequired(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'"))
    else addInvalid(labelProblems(namespace), namespace, `${field}.namespace`, errors)
  } else if (scope === 'Cluster' && namespace !== undefined)
    errors.push(fieldForbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'"))
}
