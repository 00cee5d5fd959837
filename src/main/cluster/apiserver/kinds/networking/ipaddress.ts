import { jsonEqual } from '#shared/kube/json.ts'
import type { IPAddress, ParentReference } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { ipProblems, pathSegmentProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid } from '../../validation/fields.ts'
import { text } from '../../api/columns.ts'

/** An address that is allocated to a Service. */
export const ipAddress: KindDeclaration<IPAddress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  singular: 'ipaddress',
  namespaced: false,
  generation: false,
  schema: 'io.k8s.api.networking.v1.IPAddress',
  shortNames: ['ip'],
  validateName: (name) => ipProblems(name),
  validate({ spec }) {
    const errors: FieldError[] = []
    const { parentRef } = spec ?? {}
    if (parentRef) checkParent(parentRef, 'spec.parentRef', errors)
    else errors.push(fieldRequired('spec.parentRef'))
    return errors
  },
  validateUpdate({ spec: next }, { spec: previous }) {
    const errors: FieldError[] = []
    if (!jsonEqual(next?.parentRef, previous?.parentRef))
      errors.push(fieldInvalid('spec.parentRef', next?.parentRef, 'field is immutable'))
    return errors
  },
  columns: [
    text('ParentRef', 'Whose it is.', ({ spec }) =>
      [spec?.parentRef.group, spec?.parentRef.resource, spec?.parentRef.namespace, spec?.parentRef.name]
        .filter(Boolean)
        .join('/'),
    ),
  ],
}

function checkParent(
  { group, resource, namespace, name }: Wire<ParentReference>,
  field: string,
  errors: FieldError[],
): void {
  if (group) addInvalid(subdomainProblems(group), group, `${field}.group`, errors)
  for (const [key, value] of Object.entries({ resource, name }))
    if (!value) errors.push(fieldRequired(`${field}.${key}`))
    else addInvalid(pathSegmentProblems(value), value, `${field}.${key}`, errors)
  if (namespace) addInvalid(pathSegmentProblems(namespace), namespace, `${field}.namespace`, errors)
}
