import type { CertificateSigningRequest } from '#shared/kube/generated/types.ts'
import { humanDuration } from '#shared/kube/human-duration.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { age, text } from '../../../api/columns.ts'
import { approvalFindings, requestFindings, statusFindings } from './validation.ts'

/** A request for a certificate, with its approval and the issued certificate. */
export const certificateSigningRequest: KindDeclaration<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  namespaced: false,
  schema: 'io.k8s.api.certificates.v1.CertificateSigningRequest',
  generation: false,
  prepareForCreate(object) {
    object.status = {}
  },
  prepareForUpdate(next, previous) {
    next.spec = previous.spec
  },
  status: {
    validateStatus: statusFindings,
    prepareStatus(next, previous) {
      for (const type of ['Approved', 'Denied']) keepConditions(next, previous, type)
      dateConditions(next, previous)
    },
  },
  subresources: {
    approval: { part: 'status', field: 'conditions', restrict: dateConditions, validate: approvalFindings },
  },
  validate: requestFindings,
  fields: { 'spec.signerName': ({ spec }) => spec.signerName },
  columns: [
    age,
    text('SignerName', 'Who shall sign it.', ({ spec }) => spec.signerName),
    text('Requestor', 'Who asks.', ({ spec }) => spec.username ?? ''),
    text('RequestedDuration', 'For how long.', ({ spec }) =>
      spec.expirationSeconds ? humanDuration(spec.expirationSeconds * 1000) : '<none>',
    ),
    text('Condition', 'What has become of it.', conditionText),
  ],
}

function conditionText({ status }: CertificateSigningRequest): string {
  const types = (status?.conditions ?? []).map(({ type }) => type)
  const words = types.includes('Denied') ? ['Denied'] : types.includes('Approved') ? ['Approved'] : ['Pending']
  if (types.includes('Failed')) words.push('Failed')
  if (status?.certificate) words.push('Issued')
  return words.join(',')
}

/** A signer cannot change what was said of the approval; conditions that it adds or removes are left to the validation. */
function keepConditions(next: CertificateSigningRequest, previous: CertificateSigningRequest, type: string): void {
  const conditions = next.status?.conditions ?? []
  const places = conditions.flatMap((condition, i) => (condition.type === type ? [i] : []))
  const before = (previous.status?.conditions ?? []).filter((condition) => condition.type === type)
  if (places.length !== before.length) return
  before.forEach((condition, i) => (conditions[places[i] ?? 0] = condition))
}

/** Sets missing times of conditions: to now, or when a condition came to the status that it had before. */
function dateConditions({ status }: CertificateSigningRequest, previous: CertificateSigningRequest): void {
  const now = timestamp(Date.now())
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now
    const same = previous.status?.conditions?.find(
      (old) => old.type === condition.type && old.status === condition.status && old.lastTransitionTime,
    )
    condition.lastTransitionTime ??= same?.lastTransitionTime ?? now
  }
}
