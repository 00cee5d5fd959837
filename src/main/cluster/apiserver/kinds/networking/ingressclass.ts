import type { IngressClass } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable, checkOneOf } from '../../validation/fields.ts'
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
    const { controller, parameters } = spec ?? {}
    if (controller !== undefined && controller.length > 250)
      errors.push({
        type: 'FieldValueTooLong',
        field: 'spec.controller',
        message: 'Too long: may not be more than 250 bytes',
      })
    else if (controller && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/\S+$/.test(controller))
      errors.push(fieldInvalid('spec.controller', controller, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    if (!parameters) return errors
    if (!parameters.kind) errors.push(fieldRequired('spec.parameters.kind', 'kind is required'))
    if (!parameters.name) errors.push(fieldRequired('spec.parameters.name', 'name is required'))
    checkOneOf(parameters.scope, ['Cluster', 'Namespace'], 'spec.parameters.scope', errors)
    if (parameters.scope === 'Namespace' && !parameters.namespace)
      errors.push(fieldRequired('spec.parameters.namespace', '`parameters.scope` is set to "Namespace"'))
    return errors
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec?.controller, previous.spec?.controller, 'spec.controller', errors)
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
