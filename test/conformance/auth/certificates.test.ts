import 'reflect-metadata'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { expect, test } from 'vitest'
import { createAuthority } from '#main/cluster/apiserver/auth/certificates.ts'
import type { Wire } from '../support/api.ts'
import { expectDiscovered, expectOperations, type ResourceCase } from '../support/operations.ts'
import { removeAfterwards, simulatedServer } from '../support/server.ts'

const { api } = await simulatedServer()

const keys = { name: 'ECDSA', namedCurve: 'P-256' }
const request = await Pkcs10CertificateRequestGenerator.create({
  name: 'CN=conformance',
  keys: await crypto.subtle.generateKey(keys, true, ['sign', 'verify']),
  signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
})

const { cert: issued } = await createAuthority('conformance', {
  notBefore: new Date(Date.now() - 3_600_000),
  notAfter: new Date(Date.now() + 3_600_000),
})

const requests: ResourceCase = {
  group: 'certificates.k8s.io',
  version: 'v1',
  resource: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  subresources: ['approval', 'status'],
  // A signer that nobody is: whatever happens to these requests, the test does.
  object: () => ({
    spec: {
      request: Buffer.from(request.toString('pem')).toString('base64'),
      signerName: 'example.com/conformance',
      expirationSeconds: 3600,
      usages: ['digital signature', 'key encipherment', 'client auth'],
    },
  }),
  change: () => undefined,
}
const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

const condition = (type: string): object => ({
  type,
  status: 'True',
  reason: 'Test',
  message: `set by a test: ${type}`,
})
const typesOf = ({ status }: Wire): string[] => (status.conditions ?? []).map(({ type }: Wire) => type)

test('[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]', async () => {
  await expectDiscovered(api, requests)
  await expectOperations(api, requests)

  const { metadata } = await api.create(path, { ...requests.object(), metadata: { generateName: 'conformance-' } })
  const at = `${path}/${metadata.name}`
  removeAfterwards(api, at)
  expect((await api.get(`${at}/approval`)).metadata.uid).toBe(metadata.uid)
  const approved = await api.patch(`${at}/approval`, {
    metadata: { annotations: { 'patched-approval': 'yes' } },
    status: { conditions: [condition('ApprovalPatch')] },
  })
  expect(approved.metadata.annotations).toMatchObject({ 'patched-approval': 'yes' })
  expect(typesOf(approved)).toEqual(['ApprovalPatch'])
  const updated = await api.change(`${at}/approval`, ({ status }) => void status.conditions.push(condition('Approved')))
  expect(typesOf(updated)).toEqual(['ApprovalPatch', 'Approved'])

  expect((await api.get(`${at}/status`)).metadata.uid).toBe(metadata.uid)
  const certificate = Buffer.from(issued).toString('base64')
  const patched = await api.patch(`${at}/status`, {
    metadata: { annotations: { 'patched-status': 'yes' } },
    status: { certificate },
  })
  expect(patched.metadata.annotations).toMatchObject({ 'patched-status': 'yes' })
  expect(patched.status.certificate).toBe(certificate)
  const last = await api.change(`${at}/status`, ({ status }) => void status.conditions.push(condition('StatusUpdate')))
  expect(typesOf(last)).toEqual(['ApprovalPatch', 'Approved', 'StatusUpdate'])
  expect(typesOf(await api.get(at))).toEqual(['ApprovalPatch', 'Approved', 'StatusUpdate'])
})
