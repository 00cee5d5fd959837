import type { CertificateSigningRequest } from '#shared/kube/generated/types.ts'
import { humanDuration } from '#shared/kube/human-duration.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  type FieldError,
} from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { age, text } from '../../api/columns.ts'

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
  // Approval and status writes set the same missing times.
  setDefaults: dateConditions,
  status: { validateStatus: statusFindings, setStatusDefaults: dateConditions },
  subresources: { approval: { part: 'status', validate: approvalFindings } },
  validate,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.spec, previous.spec, 'spec', errors)
    return errors
  },
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

/** Sets missing times of conditions to now. */
function dateConditions({ status }: CertificateSigningRequest): void {
  const now = timestamp(Date.now())
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now
    condition.lastTransitionTime ??= now
  }
}

function validate({ spec }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = []
  const { request, signerName, usages = [], expirationSeconds } = spec
  const pem = Buffer.from(request ?? '', 'base64').toString()
  if (!/^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[\s\S]+-----END (NEW )?CERTIFICATE REQUEST-----\s*$/.test(pem))
    errors.push(fieldInvalid('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST'))
  if (usages.length === 0) errors.push(fieldRequired('spec.usages'))
  usages.forEach((usage, i) => {
    if (!knownUsages.includes(usage)) errors.push(fieldNotSupported(`spec.usages[${i}]`, usage, knownUsages))
    if (usages.indexOf(usage) !== i) errors.push(fieldDuplicate(`spec.usages[${i}]`, usage))
  })
  if (!signerName) errors.push(fieldRequired('spec.signerName'))
  else if (signerName === 'kubernetes.io/legacy-unknown')
    errors.push(
      fieldInvalid('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version'),
    )
  else if (!/^[a-z0-9.-]+\/\S+$/.test(signerName) || !signerName.split('/')[0]?.includes('.'))
    errors.push(
      fieldInvalid(
        'spec.signerName',
        signerName,
        'must be a fully qualified domain and path of the form "example.com/signer-name"',
      ),
    )
  if (expirationSeconds !== undefined && expirationSeconds < 600)
    errors.push(
      fieldInvalid(
        'spec.expirationSeconds',
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    )
  return errors
}

const knownUsages: readonly string[] = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

/** The signer issues or reports failure; it may not approve. */
function statusFindings(next: CertificateSigningRequest, previous: CertificateSigningRequest): FieldError[] {
  return [...checkConditions(next, previous), ...addedConditions(next, previous, ['Approved', 'Denied'])]
}

/** The approver may not issue. */
function approvalFindings(next: CertificateSigningRequest, previous: CertificateSigningRequest): FieldError[] {
  const errors = [...checkConditions(next, previous), ...addedConditions(next, previous, ['Failed'])]
  if (!previous.status?.certificate && next.status?.certificate)
    errors.push(fieldForbidden('status.certificate', 'updates may not set certificate content'))
  return errors
}

const addedConditions = (
  { status: next }: CertificateSigningRequest,
  { status: previous }: CertificateSigningRequest,
  types: readonly string[],
): FieldError[] =>
  types
    .filter((type) => next?.conditions?.some((condition) => condition.type === type))
    .filter((type) => !previous?.conditions?.some((condition) => condition.type === type))
    .map((type) =>
      fieldForbidden('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`),
    )

/** Approval and denial are permanent and mutually exclusive. */
function checkConditions(
  { status: next }: CertificateSigningRequest,
  { status: previous }: CertificateSigningRequest,
): FieldError[] {
  const errors: FieldError[] = []
  const has = (type: string): boolean => next?.conditions?.some((condition) => condition.type === type) ?? false
  next?.conditions?.forEach(({ type, status }, i) => {
    const field = `status.conditions[${i}]`
    if (!type) errors.push(fieldRequired(`${field}.type`))
    if ((type === 'Approved' || type === 'Denied' || type === 'Failed') && status !== 'True')
      errors.push(fieldInvalid(`${field}.status`, status, `must be "True"`))
  })
  if (has('Approved') && has('Denied'))
    errors.push(fieldInvalid('status.conditions', 'Denied', 'Approved and Denied conditions are mutually exclusive'))
  for (const type of ['Approved', 'Denied', 'Failed'])
    if (previous?.conditions?.some((condition) => condition.type === type) && !has(type))
      errors.push(
        fieldForbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`),
      )
  if (previous?.certificate && !jsonEqual(previous.certificate, next?.certificate))
    errors.push(fieldForbidden('status.certificate', 'updates may not change certificate content'))
  return errors
}
