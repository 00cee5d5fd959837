import { X509Certificate } from 'node:crypto'
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  forbiddenChange,
  type FieldError,
} from '#shared/kube/status.ts'
import { labelProblems, subdomainProblems } from '#shared/kube/validation-names.ts'

/** Validates a request; an update keeps what was accepted before. */
export function requestFindings(
  request: CertificateSigningRequest,
  previous?: CertificateSigningRequest,
): FieldError[] {
  const errors: FieldError[] = []
  const { spec } = request
  const [block] = pemBlocks(spec.request)
  if (block?.type !== 'CERTIFICATE REQUEST')
    errors.push(fieldInvalid('spec.request', spec.request ?? null, 'PEM block type must be CERTIFICATE REQUEST'))
  checkUsages(spec.usages ?? [], previous?.spec.usages ?? [], errors)
  if (spec.signerName === legacySigner) {
    if (previous?.spec.signerName !== legacySigner)
      errors.push(
        fieldInvalid('spec.signerName', legacySigner, 'the legacy signerName is not allowed via this API version'),
      )
  } else checkSignerName(spec.signerName, 'spec.signerName', errors)
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < 600)
    errors.push(
      fieldInvalid(
        'spec.expirationSeconds',
        spec.expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    )
  checkConditions(conditionsOf(request), conditionsOf(previous), errors)
  checkCertificate(request.status?.certificate, previous, errors)
  return errors
}

const legacySigner = 'kubernetes.io/legacy-unknown'

const conditionsOf = (request: CertificateSigningRequest | undefined): readonly CertificateSigningRequestCondition[] =>
  request?.status?.conditions ?? []

function checkUsages(usages: readonly string[], previous: readonly string[], errors: FieldError[]): void {
  const isUnknown = (usage: string): boolean => !knownUsages.includes(usage)
  const isRepeated = (usage: string, i: number, all: readonly string[]): boolean => all.indexOf(usage) !== i
  if (usages.length === 0) errors.push(fieldRequired('spec.usages'))
  const report = (found: (usage: string, i: number, all: readonly string[]) => boolean, error: Report): void => {
    if (previous.some(found)) return
    usages.forEach((usage, i, all) => {
      if (found(usage, i, all)) errors.push(error(`spec.usages[${i}]`, usage))
    })
  }
  report(isUnknown, (field, usage) => fieldNotSupported(field, usage, knownUsages))
  report(isRepeated, fieldDuplicate)
}

type Report = (field: string, usage: string) => FieldError

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

const form = "must be a fully qualified domain and path of the form 'example.com/signer-name'"

/** A domain, a slash, and a namespace and a name, or another name of parts with dots between them. */
function checkSignerName(name: string | undefined, field: string, errors: FieldError[]): void {
  if (!name) {
    errors.push(fieldRequired(field))
    return
  }
  const [domain = '', path, ...more] = name.split('/')
  if (path === undefined || more.length > 0) {
    errors.push(fieldInvalid(field, name, form))
    return
  }
  if (domain.length > 253) errors.push(fieldTooLong(field, 253))
  checkParts(domain, labelProblems, field, errors)
  if (!domain.includes('.'))
    errors.push(fieldInvalid(field, domain, 'should be a domain with at least two segments separated by dots'))
  checkParts(path, subdomainProblems, field, errors)
  if (name.length > 571) errors.push(fieldTooLong(field, 571))
}

/** Reports the first part that is no valid one. */
function checkParts(
  text: string,
  problemsOf: (part: string) => readonly string[],
  field: string,
  errors: FieldError[],
): void {
  const bad = text.split('.').find((part) => problemsOf(part).length > 0)
  if (bad === undefined) return
  for (const problem of problemsOf(bad))
    errors.push(fieldInvalid(field, text, `validating label ${JSON.stringify(bad)}: ${problem}`))
}

const permanent = ['Approved', 'Denied', 'Failed']

function checkConditions(
  conditions: readonly CertificateSigningRequestCondition[],
  previous: readonly CertificateSigningRequestCondition[],
  errors: FieldError[],
): void {
  const typesBefore = previous.map(({ type }) => type)
  const repeatedBefore = new Set(typesBefore).size < typesBefore.length
  const decidedTwiceBefore = typesBefore.includes('Approved') && typesBefore.includes('Denied')
  const seen = new Set<string>()
  conditions.forEach(({ type, status }, i) => {
    const field = `status.conditions[${i}]`
    if (!type && !typesBefore.includes('')) errors.push(fieldRequired(`${field}.type`))
    const allowed = permanent.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
    if (!status) errors.push(fieldRequired(`${field}.status`))
    else if (!allowed.includes(status)) errors.push(fieldNotSupported(`${field}.status`, status, allowed))
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    if (opposite && seen.has(opposite) && !decidedTwiceBefore)
      errors.push(fieldInvalid('status.conditions', type, 'Approved and Denied conditions are mutually exclusive'))
    if (seen.has(type) && !repeatedBefore) errors.push(fieldDuplicate(`${field}.type`, type))
    seen.add(type)
  })
}

function checkCertificate(
  certificate: string | undefined,
  previous: CertificateSigningRequest | undefined,
  errors: FieldError[],
): void {
  const before = previous?.status?.certificate
  if (previous && ((certificate ?? '') === (before ?? '') || certificateProblem(before) !== undefined)) return
  const problem = certificateProblem(certificate)
  if (problem !== undefined) errors.push(fieldInvalid('status.certificate', '<certificate data>', problem))
}

function certificateProblem(data: string | undefined): string | undefined {
  if (!data) return undefined
  const blocks = pemBlocks(data)
  for (const { type, text, headers } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`
    if (headers) return 'no PEM block headers are permitted'
    try {
      new X509Certificate(text)
    } catch {
      return 'x509: malformed certificate'
    }
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}

/** @param data base64 of PEM */
function pemBlocks(data: string | undefined): { type: string; text: string; headers: boolean }[] {
  const pem = Buffer.from(data ?? '', 'base64').toString('latin1')
  const blocks = pem.matchAll(/-----BEGIN ([^\n-]+)-----\s*\n([^-]*)\n?-----END \1-----/g)
  return [...blocks].map(([text, type = '', body = '']) => ({ type, text, headers: body.includes(':') }))
}

/** The signer issues or reports failure; it may not approve. */
export function statusFindings(next: CertificateSigningRequest, previous: CertificateSigningRequest): FieldError[] {
  const errors = [...requestFindings(next, previous), ...changedConditions(next, previous, ['Approved', 'Denied'])]
  const before = previous.status?.certificate
  if (before && before !== next.status?.certificate)
    errors.push(fieldForbidden('status.certificate', 'updates may not modify existing certificate content'))
  return errors
}

/** The approver changes nothing but conditions. */
export const approvalFindings = (
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] => [...requestFindings(next, previous), ...changedConditions(next, previous, [])]

/** What was once said of a request stays. @param fixed types that may not be added or changed either */
function changedConditions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  fixed: readonly string[],
): FieldError[] {
  const of = (request: CertificateSigningRequest, type: string): CertificateSigningRequestCondition[] =>
    conditionsOf(request).filter((condition) => condition.type === type)
  const forbid = (verb: string, type: string): FieldError =>
    fieldForbidden('status.conditions', `updates may not ${verb} a condition of type ${JSON.stringify(type)}`)
  const removed = permanent.filter((type) => of(next, type).length < of(previous, type).length)
  const more = fixed.flatMap((type) => {
    const [after, before] = [of(next, type), of(previous, type)]
    if (after.length > before.length) return [forbid('add', type)]
    if (after.length < before.length || jsonEqual(after, before)) return []
    const detail = `updates may not modify a condition of type ${JSON.stringify(type)}`
    return [forbiddenChange('status.conditions', detail, { before, after })]
  })
  return [...removed.map((type) => forbid('remove', type)), ...more]
}
