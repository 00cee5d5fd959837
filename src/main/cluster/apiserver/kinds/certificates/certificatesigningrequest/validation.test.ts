import { describe, expect, it } from 'vitest'
import type { FieldError } from '#shared/kube/status.ts'
import { change, findings } from '#test/support/kinds.ts'
import { certificateSigningRequest } from './index.ts'
import { approvalFindings, statusFindings } from './validation.ts'

const pem = (type: string): string =>
  Buffer.from(`-----BEGIN ${type}-----\nMIH=\n-----END ${type}-----\n`).toString('base64')
const csr = {
  metadata: { name: 'c' },
  spec: { request: pem('CERTIFICATE REQUEST'), signerName: 'example.com/s', usages: ['client auth'] },
}
type Csr = Parameters<typeof statusFindings>[0]
const withStatus = (status: object): Csr => ({ ...csr, status })
const approved = { type: 'Approved', status: 'True' }
const denied = { type: 'Denied', status: 'True' }
const lines = (errors: FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`)

describe('a request is refused', () => {
  it.each<[string, string[]]>([
    ['', ['Required value']],
    ['abc', [`Invalid value: "abc": must be a fully qualified domain and path of the form 'example.com/signer-name'`]],
    [
      'a/b/c',
      [`Invalid value: "a/b/c": must be a fully qualified domain and path of the form 'example.com/signer-name'`],
    ],
    ['com/s', ['Invalid value: "com": should be a domain with at least two segments separated by dots']],
    [`a.b/${'s.'.repeat(300)}s`, ['Too long: may not be more than 571 bytes']],
  ])('for a signer %s', (signerName, expected) => {
    expect(findings(certificateSigningRequest, change(csr, { 'spec.signerName': signerName }))).toEqual(
      expected.map((message) => `spec.signerName: ${message}`),
    )
  })

  it('for a part of the signer that is no label, with that part', () => {
    const [domain, path] = findings(certificateSigningRequest, change(csr, { 'spec.signerName': 'A.b/x_y' }))
    expect(domain).toMatch(/^spec\.signerName: Invalid value: "A\.b": validating label "A": /)
    expect(path).toMatch(/^spec\.signerName: Invalid value: "x_y": validating label "x_y": /)
  })

  it('for another block, and for usages that it has twice', () => {
    const bad = change(csr, { 'spec.request': pem('NEW CERTIFICATE REQUEST'), 'spec.usages': ['any', 'any'] })
    expect(findings(certificateSigningRequest, bad)).toEqual([
      `spec.request: Invalid value: "${bad.spec.request}": PEM block type must be CERTIFICATE REQUEST`,
      'spec.usages[1]: Duplicate value: "any"',
    ])
  })
})

describe('a status is refused', () => {
  it.each<[string, object, string[]]>([
    [
      'for a condition without anything',
      { conditions: [{}] },
      ['[0].type: Required value', '[0].status: Required value'],
    ],
    [
      'for a condition of another status',
      {
        conditions: [
          { type: 'X', status: 'Bogus' },
          { type: 'Failed', status: 'False' },
        ],
      },
      [
        '[0].status: Unsupported value: "Bogus": supported values: "False", "True", "Unknown"',
        '[1].status: Unsupported value: "False": supported values: "True"',
      ],
    ],
    [
      'for a type that it has twice',
      {
        conditions: [
          { type: 'X', status: 'True' },
          { type: 'X', status: 'False' },
        ],
      },
      ['[1].type: Duplicate value: "X"'],
    ],
    [
      'for a decision by the signer',
      { conditions: [approved] },
      [': Forbidden: updates may not add a condition of type "Approved"'],
    ],
  ])('%s', (_, status, expected) => {
    expect(lines(statusFindings(withStatus(status), withStatus({})))).toEqual(
      expected.map((line) => `status.conditions${line}`),
    )
  })

  it('for what is no certificate, and for another one', () => {
    const issued = withStatus({ certificate: pem('CERTIFICATE') })
    expect(lines(statusFindings(withStatus({ certificate: pem('KEY') }), withStatus({})))).toEqual([
      'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "KEY"',
    ])
    expect(lines(statusFindings(withStatus({}), issued))).toEqual([
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    ])
  })
})

it('an approval is for good, and against a denial', () => {
  const before = withStatus({ conditions: [approved] })
  expect(lines(approvalFindings(withStatus({ conditions: [denied] }), before))).toEqual([
    'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
  ])
  expect(lines(approvalFindings(withStatus({ conditions: [approved, denied] }), before))).toEqual([
    'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
  ])
})

it('a signer keeps what was said of the approval, and since when', () => {
  const time = '2026-01-01T00:00:00Z'
  const dated = { ...approved, reason: 'ByHand', lastUpdateTime: time, lastTransitionTime: time }
  const next = withStatus({ conditions: [{ type: 'X', status: 'True' }, approved] })
  certificateSigningRequest.status?.prepareStatus?.(next, withStatus({ conditions: [dated] }))
  expect(next.status?.conditions?.[1]).toEqual(dated)
  expect(next.status?.conditions?.[0]?.lastTransitionTime).toBeDefined()
})

it('a request itself never changes', () => {
  const next = change(csr, { 'spec.signerName': 'other.com/s' })
  certificateSigningRequest.prepareForUpdate?.(next, csr)
  expect(next.spec).toEqual(csr.spec)
})
