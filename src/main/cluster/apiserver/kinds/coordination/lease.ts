import type { Lease } from '#shared/kube/generated/types.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkNotNegative } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

/** A lease that its holder renews: node heartbeats, leader election. */
export const lease: KindDeclaration<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  unconditionalUpdate: false,
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.coordination.v1.Lease',
  generation: false,
  createOnUpdate: true,
  setDefaults({ spec }) {
    // The feature gate CoordinatedLeaderElection is off in v1.36: Kubernetes drops its fields.
    delete spec?.strategy
    delete spec?.preferredHolder
  },
  validate({ spec: { leaseDurationSeconds, leaseTransitions } = {} }) {
    const errors: FieldError[] = []
    if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
      errors.push(fieldInvalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'))
    checkNotNegative(leaseTransitions, 'spec.leaseTransitions', errors)
    return errors
  },
  columns: [text('Holder', 'Who holds the lease.', ({ spec }) => spec?.holderIdentity ?? ''), age],
}
