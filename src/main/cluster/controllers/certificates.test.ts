import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { CertificateSigningRequest } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { certificateSigningRequests } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startCertificates } from './certificates.ts'

let clock: FakeClock
let plane: TestControlPlane
beforeEach(async () => {
  clock = createFakeClock(Date.now())
  plane = await startControlPlane({ clock })
})
afterEach(() => plane.stop())
const start = (): void =>
  void plane.start((context) => startCertificates({ ...context, clock }, { requests: plane.pki.requests }))

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function request(
  signer: string,
  {
    subject = 'CN=jane,O=dev',
    hosts = [] as string[],
    usages = ['digital signature', 'client auth'],
    seconds = 3600,
  } = {},
): Promise<Stored<CertificateSigningRequest>> {
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys: await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    signingAlgorithm: algorithm,
    extensions:
      hosts.length > 0
        ? [new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns' as const, value })))]
        : [],
  })
  return plane.client.create(certificateSigningRequests, {
    metadata: { name: 'r' },
    spec: {
      request: Buffer.from(made.toString('pem')).toString('base64'),
      signerName: `kubernetes.io/${signer}`,
      usages,
      expirationSeconds: seconds,
    },
  })
}

const decide = (object: Stored<CertificateSigningRequest>, type: string): Promise<CertificateSigningRequest> =>
  plane.client.update(
    certificateSigningRequests,
    { ...object, status: { conditions: [{ type, status: 'True', reason: 'Test' }] } },
    { subresource: 'approval' },
  )

const issued = async (): Promise<X509Certificate> => {
  const { status } = await plane.untilOne(certificateSigningRequests, 'r', (each) => !!each.status?.certificate)
  return new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'))
}

const failure = async (): Promise<string | undefined> => {
  const failed = ({ status }: CertificateSigningRequest) => status?.conditions?.find(({ type }) => type === 'Failed')
  return failed(await plane.untilOne(certificateSigningRequests, 'r', (each) => !!failed(each)))?.message
}

it('signs what is approved, for as long as was asked, with the authority of the cluster', async () => {
  start()
  await decide(await request('kube-apiserver-client'), 'Approved')
  const certificate = await issued()
  expect(certificate.subject.split('\n').sort()).toEqual(['CN=jane', 'O=dev'])
  expect(certificate.verify(new X509Certificate(plane.pki.ca).publicKey)).toBe(true)
  expect(certificate.validToDate.getTime() - clock.now()).toBeLessThanOrEqual(3_600_000)
  expect(certificate.validToDate.getTime() - clock.now()).toBeGreaterThan(3_590_000)
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(certificate.ca).toBe(false)
})

it('signs the names of a serving certificate, and only for nodes', async () => {
  start()
  const subject = 'O=system:nodes,CN=system:node:w1'
  const usages = ['digital signature', 'key encipherment', 'server auth']
  await decide(await request('kubelet-serving', { subject, hosts: ['w1'], usages }), 'Approved')
  expect((await issued()).subjectAltName).toBe('DNS:w1')
})

it('refuses what a signer does not sign', async () => {
  start()
  await decide(await request('kube-apiserver-client', { usages: ['client auth', 'server auth'] }), 'Approved')
  expect(await failure()).toBe('invalid usages for client certificate: [client auth server auth]')
})

it('refuses to make a node of somebody else', async () => {
  start()
  await decide(await request('kubelet-serving', { usages: ['digital signature', 'server auth'] }), 'Approved')
  expect(await failure()).toBe('subject organization is not system:nodes')
})

it('leaves alone what is not approved, denied, or of a signer elsewhere', async () => {
  start()
  await decide(await request('kube-apiserver-client'), 'Denied')
  await settle()
  const { status } = await plane.client.get(certificateSigningRequests, { name: 'r' })
  expect(status?.certificate).toBeUndefined()
  expect(status?.conditions?.map(({ type }) => type)).toEqual(['Denied'])
})

it('deletes an hour after the decision, and a day after nobody has decided', async () => {
  await request('kube-apiserver-client')
  start()
  await settle()
  await clock.advance(23.9 * 3_600_000)
  expect(await isThere()).toBe(true)
  await clock.advance(0.2 * 3_600_000)
  await plane.until(certificateSigningRequests, (all) => all.length === 0)

  await decide(await request('kube-apiserver-client'), 'Denied')
  await plane.until(certificateSigningRequests, (all) => all[0]?.status?.conditions?.length === 1)
  await clock.advance(27 * 3_600_000)
  await plane.until(certificateSigningRequests, (all) => all.length === 0)
})

async function isThere(): Promise<boolean> {
  try {
    await plane.client.get(certificateSigningRequests, { name: 'r' })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
