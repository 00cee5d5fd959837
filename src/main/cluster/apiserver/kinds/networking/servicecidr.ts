import type { ServiceCIDR } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** A range of cluster IPs for Services. */
export const serviceCidr: KindDeclaration<ServiceCIDR> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.ServiceCIDR',
  status: {},
  prepareForCreate(object) {
    object.status = {}
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    const cidrs = spec?.cidrs ?? []
    if (cidrs.length === 0) errors.push(fieldRequired('spec.cidrs', 'at least one CIDR required'))
    if (cidrs.length > 2) errors.push(fieldInvalid('spec', spec, 'may only hold up to 2 values'))
    cidrs.forEach((cidr, i) => {
      if (!/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(cidr))
        errors.push(
          fieldInvalid(`spec.cidrs[${i}]`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
        )
    })
    return errors
  },
  validateUpdate({ spec: next }, { spec: previous }) {
    const errors: FieldError[] = []
    // A range of the second IP family may be added; existing ranges are immutable.
    previous?.cidrs?.forEach((cidr, i) => checkImmutable(next?.cidrs?.[i], cidr, `spec.cidrs[${i}]`, errors))
    return errors
  },
  columns: [text('CIDRs', 'Its ranges.', ({ spec }) => (spec?.cidrs ?? []).join(',')), age],
}
