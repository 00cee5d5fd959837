import { expect, test } from 'vitest'
import type { Stored } from '#shared/kube/object.ts'
import { judgePolicies } from './backend-tls.ts'
import type { BackendTlsPolicy } from './types.ts'

const certificate = '-----BEGIN CERTIFICATE-----'
const sources = {
  configMap: (key: string) => (key === 'n/ca' ? { metadata: {}, data: { 'ca.crt': certificate } } : undefined),
  service: (key: string) =>
    key === 'n/web'
      ? {
          metadata: {},
          spec: {
            ports: [
              { name: 'http', port: 80 },
              { name: 'admin', port: 81 },
            ],
          },
        }
      : undefined,
}
const policy = (
  name: string,
  minute: number,
  target: object = {},
  validation: Partial<BackendTlsPolicy['spec']['validation']> = {
    caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
  },
): Stored<BackendTlsPolicy> => ({
  metadata: {
    name,
    namespace: 'n',
    uid: name,
    resourceVersion: '1',
    creationTimestamp: `2026-01-01T00:0${minute}:00Z`,
  },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'web', ...target }],
    validation: { hostname: `${name}.example`, ...validation },
  },
})
const judge = (...policies: Stored<BackendTlsPolicy>[]) => {
  const { of, verdicts } = judgePolicies(policies, sources)
  return {
    at: (number: number) => of({ namespace: 'n', service: 'web', port: { number } })?.hostname,
    tls: of({ namespace: 'n', service: 'web', port: { number: 80 } }),
    reasons: policies.map((one) =>
      verdicts
        .get(one)
        ?.map(({ reason }) => reason)
        .join(' '),
    ),
  }
}

test('the policy of a port comes before that of its Service, the older one before the younger', () => {
  const { at, reasons } = judge(policy('young', 3), policy('old', 1), policy('admin', 2, { sectionName: 'admin' }))
  expect([at(80), at(81)]).toEqual(['old.example', 'admin.example'])
  expect(reasons).toEqual(['Conflicted ResolvedRefs', 'Accepted ResolvedRefs', 'Accepted ResolvedRefs'])
})

test.each<[string, Partial<BackendTlsPolicy['spec']['validation']>, string, boolean]>([
  ['the authorities of the system', { wellKnownCACertificates: 'System' }, 'Accepted ResolvedRefs', true],
  [
    'a ConfigMap that is missing',
    { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'none' }] },
    'NoValidCACertificate InvalidCACertificateRef',
    false,
  ],
  [
    'a Secret',
    { caCertificateRefs: [{ group: '', kind: 'Secret', name: 'ca' }] },
    'NoValidCACertificate InvalidKind',
    false,
  ],
  [
    'one that can be used beside one that cannot',
    {
      caCertificateRefs: [
        { group: '', kind: 'ConfigMap', name: 'none' },
        { group: '', kind: 'ConfigMap', name: 'ca' },
      ],
    },
    'Accepted InvalidCACertificateRef',
    true,
  ],
])('%s', (_what, validation, reasons, isValid) => {
  const found = judge(policy('a', 1, {}, validation))
  expect(found.reasons).toEqual([reasons])
  expect(found.tls?.isValid).toBe(isValid)
})
