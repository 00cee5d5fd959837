import type { ServiceCIDR } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkRange } from '../../validation/addresses.ts'
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
  generation: false,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.networking.v1.ServiceCIDR',
  prepareForCreate(object) {
    object.status = {}
  },
  validate: ({ spec }, previous) => (previous ? [] : rangeFindings(spec?.cidrs ?? [])),
  validateUpdate({ spec: next }, { spec: previous }) {
    const errors: FieldError[] = []
    const [ranges = [], before = []] = [next?.cidrs, previous?.cidrs]
    // A range of the second IP family may be added; existing ranges are immutable.
    if (before.length === 2 || ranges.length === 0 || ranges.length > 2)
      checkImmutable(next?.cidrs, before, 'spec.cidrs', errors)
    else if (before.length === 1) {
      checkImmutable(ranges[0], before[0], 'spec.cidrs[0]', errors)
      if (ranges.length > 1) errors.push(...rangeFindings(ranges))
    }
    return errors
  },
  status: {},
  columns: [text('CIDRs', 'Its ranges.', ({ spec }) => (spec?.cidrs ?? []).join(',')), age],
}

function rangeFindings(ranges: readonly string[]): FieldError[] {
  const errors: FieldError[] = []
  if (ranges.length === 0) errors.push(fieldRequired('spec.cidrs', 'at least one CIDR required'))
  if (ranges.length > 2) return [fieldInvalid('spec.cidrs', { CIDRs: ranges }, 'may only hold up to 2 values')]
  ranges.forEach((range, i) => {
    checkRange(range, `spec.cidrs[${i}]`, errors)
  })
  const [first = '', second = ''] = ranges
  if (errors.length === 0 && ranges.length === 2 && first.includes(':') === second.includes(':'))
    errors.push(
      fieldInvalid(
        'spec.cidrs',
        ranges,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    )
  return errors
}
