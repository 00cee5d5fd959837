import type { KeyUsageFlags, Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { serialNumber, importPrivateKey, library, pem, algorithm, type Authority } from './certificates.ts'

/** The contents of a PEM certificate signing request. */
export interface RequestedCertificate {
  /** Common name (CN). */
  name: string
  /** Organizations (O). */
  organizations: string[]
  dnsNames: string[]
  ipAddresses: string[]
  emailAddresses: string[]
  uris: string[]
}

/** How to sign a request. */
export interface SigningOptions {
  /** Extended key usages, named as in a CertificateSigningRequest: `client auth`. */
  usages: readonly string[]
  notBefore: Date
  notAfter: Date
}

/** @throws Error when the PEM is not a request, or is not signed by its own key */
export async function readCertificateRequest(request: string): Promise<RequestedCertificate> {
  const x509 = await library()
  const parsed = new x509.Pkcs10CertificateRequest(request)
  if (!(await parsed.verify())) throw new Error('the signature of the request does not match its key')
  const names = otherNames(x509, parsed)?.names.items ?? []
  const named = (type: string): string[] => names.filter((name) => name.type === type).map(({ value }) => value)
  return {
    name: parsed.subjectName.getField('CN').at(-1) ?? '',
    organizations: parsed.subjectName.getField('O'),
    dnsNames: named('dns'),
    ipAddresses: named('ip'),
    emailAddresses: named('email'),
    uris: named('url'),
  }
}

/** Signs a request: takes over its subject, alternative names and key, and no other extension. @returns PEM */
export async function signCertificateRequest(
  authority: Authority,
  request: string,
  { usages, notBefore, notAfter }: SigningOptions,
): Promise<string> {
  const x509 = await library()
  const parsed = new x509.Pkcs10CertificateRequest(request)
  const issuer = new x509.X509Certificate(authority.cert)
  const names = otherNames(x509, parsed)
  const flags = usages.flatMap((usage) => flagOf(x509)[usage] ?? [])
  const purposes = usages.flatMap((usage) => extendedUsages[usage] ?? [])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: parsed.subjectName,
    issuer: issuer.subject,
    notBefore,
    // A certificate does not outlive its issuer's.
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    publicKey: parsed.publicKey,
    signingKey: await importPrivateKey(authority.key),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(flags.length > 0
        ? [
            new x509.KeyUsagesExtension(
              flags.reduce((sum, flag) => sum | flag),
              true,
            ),
          ]
        : []),
      ...(purposes.length > 0 ? [new x509.ExtendedKeyUsageExtension(purposes)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
      ...(names ? [names] : []),
    ],
  })
  return pem('CERTIFICATE', certificate.rawData)
}

type Library = Awaited<ReturnType<typeof library>>

const otherNames = (
  x509: Library,
  { extensions }: Pkcs10CertificateRequest,
): SubjectAlternativeNameExtension | undefined =>
  extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension)

const flagOf = ({ KeyUsageFlags: flags }: Library): Readonly<Record<string, KeyUsageFlags>> => ({
  signing: flags.digitalSignature,
  'digital signature': flags.digitalSignature,
  'content commitment': flags.nonRepudiation,
  'key encipherment': flags.keyEncipherment,
  'data encipherment': flags.dataEncipherment,
  'key agreement': flags.keyAgreement,
  'cert sign': flags.keyCertSign,
  'crl sign': flags.cRLSign,
  'encipher only': flags.encipherOnly,
  'decipher only': flags.decipherOnly,
})

const extendedUsages: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
}
