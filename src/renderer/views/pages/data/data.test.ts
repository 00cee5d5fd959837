import 'reflect-metadata'
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { expect, test } from 'vitest'
import { certificatesIn } from './certificates.ts'
import { hexOf, textOfBytes, valuesOf } from './values.ts'

const base64 = (bytes: number[]): string => btoa(String.fromCharCode(...bytes))

test('values of Secrets are decoded; those that are not text stay bytes', () => {
  const values = valuesOf({ data: { password: btoa('hunter2'), key: base64([0, 255, 1]), odd: '%%' } }, true)
  expect(values.map(({ key, text, bytes }) => [key, text, bytes.length])).toEqual([
    ['key', undefined, 3],
    ['odd', '', 0],
    ['password', 'hunter2', 7],
  ])
})

test('values of ConfigMaps are text, and binaryData are bytes', () => {
  const values = valuesOf({ data: { a: 'ä' }, binaryData: { b: base64([0xc3, 0x28]), c: btoa('text') } }, false)
  expect(values.map(({ key, text, bytes }) => [key, text, bytes.length])).toEqual([
    ['a', 'ä', 2],
    ['b', undefined, 2],
    ['c', 'text', 4],
  ])
})

test('bytes are text when they are UTF-8 without NUL', () => {
  expect(textOfBytes(new TextEncoder().encode('grün'))).toBe('grün')
  expect(textOfBytes(new Uint8Array([65, 0]))).toBeUndefined()
})

test('bytes are shown as hexdump prints them, a few lines', () => {
  expect(hexOf(new Uint8Array([0x41, 0x00, 0xff]))).toBe(`00000000  41 00 ff${' '.repeat(15)}  A..`)
  expect(hexOf(new Uint8Array(10_000)).split('\n')).toHaveLength(32)
})

test('certificates tell subject, names and end; what is none is left out', async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=shop',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2027-01-01T00:00:00Z'),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'shop.localhost' }])],
  })
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
  expect(await certificatesIn(`${certificate.toString('pem')}\n${broken}`)).toEqual([
    {
      subject: 'CN=shop',
      issuer: 'CN=shop',
      names: ['DNS:shop.localhost'],
      notBefore: Date.parse('2026-01-01T00:00:00Z'),
      notAfter: Date.parse('2027-01-01T00:00:00Z'),
    },
  ])
  expect(await certificatesIn('no certificate')).toEqual([])
})
