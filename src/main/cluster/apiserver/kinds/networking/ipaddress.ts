import type { IPAddress } from '#shared/kube/generated/types.ts'
import { fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { ipProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** An address that is allocated to a Service. */
export const ipAddress: KindDeclaration<IPAddress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  singular: 'ipaddress',
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.IPAddress',
  shortNames: ['ip'],
  validateName: (name) => ipProblems(name),
  validate({ spec }) {
    const errors: FieldError[] = []
    const { parentRef } = spec ?? {}
    if (!parentRef) errors.push(fieldRequired('spec.parentRef'))
    else {
      if (!parentRef.resource) errors.push(fieldRequired('spec.parentRef.resource'))
      if (!parentRef.name) errors.push(fieldRequired('spec.parentRef.name'))
    }
    return errors
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
  columns: [
    text('ParentRef', 'Whose it is.', ({ spec }) =>
      [spec?.parentRef.group, spec?.parentRef.resource, spec?.parentRef.namespace, spec?.parentRef.name]
        .filter(Boolean)
        .join('/'),
    ),
    age,
  ],
}
