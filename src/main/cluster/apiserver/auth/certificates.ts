import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate and its private key, PEM. */
export interface Credentials {
  cert: string
  key: string
}

/** A certificate authority that can sign. */
export type Authority = Credentials

/** The subject and usages of a certificate. */
export interface CertificateRequest {
  /** Common name (CN). */
  name: string
  /** Organizations (O), one attribute each. */
  organizations?: readonly string[]
  /** Subject alternative names: DNS names and IP addresses. */
  hosts?: readonly string[]
  usages: readonly ('client' | 'server')[]
}

export interface Validity {
  notBefore: Date
  notAfter: Date
}

/** The authority's signing key. */
export const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Makes a self-signed certificate authority. */
export async function createAuthority(name: string, validity: Validity): Promise<Authority> {
  const x509 = await library()
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    ...validity,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem('CERTIFICATE', certificate.rawData), key: await privateKeyPem(keys.privateKey) }
}

/** Generates a key and issues a certificate for it. */
export async function issueCertificate(
  authority: Authority,
  request: CertificateRequest,
  validity: Validity,
): Promise<Credentials> {
  const keys = await newKeys()
  const cert = await signCertificate(authority, keys.publicKey, request, validity)
  return { cert, key: await privateKeyPem(keys.privateKey) }
}

async function signCertificate(
  authority: Authority,
  publicKey: CryptoKey,
  request: CertificateRequest,
  validity: Validity,
): Promise<string> {
  const x509 = await library()
  const issuer = new x509.X509Certificate(authority.cert)
  const usages = { client: x509.ExtendedKeyUsage.clientAuth, server: x509.ExtendedKeyUsage.serverAuth }
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // O before CN, each in its own set, as Go encodes subjects.
    subject: [...(request.organizations ?? []).map((organization) => ({ O: [organization] })), { CN: [request.name] }],
    issuer: issuer.subject,
    ...validity,
    publicKey,
    signingKey: await importPrivateKey(authority.key),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => usages[usage])),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
      ...(request.hosts ? [new x509.SubjectAlternativeNameExtension(request.hosts.map(generalName))] : []),
    ],
  })
  return pem('CERTIFICATE', certificate.rawData)
}

const generalName = (host: string): { type: 'ip' | 'dns'; value: string } => ({
  type: isIP(host) ? 'ip' : 'dns',
  value: host,
})

/** Generates a P-256 key pair for signing tokens. @returns the private key, PEM */
export const createSigningKey = async (): Promise<string> => privateKeyPem((await newKeys()).privateKey)

/** The public key of a private key, PEM. */
export const publicKeyOf = (key: string): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()

/** Whether `authority` signed `credentials` and they are still valid at `until` (ms since the epoch). */
export function isUsable({ cert }: Credentials, authority: Authority, until: number): boolean {
  try {
    const certificate = new X509Certificate(cert)
    const issuer = new X509Certificate(authority.cert)
    return certificate.validToDate.getTime() > until && certificate.verify(issuer.publicKey)
  } catch {
    return false
  }
}

/** Whether a certificate covers all `hosts`. */
export function coversHosts({ cert }: Credentials, hosts: readonly string[]): boolean {
  const certificate = new X509Certificate(cert)
  return hosts.every((host) => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined)
}

// Loaded on demand: loading takes longer than starting the rest of the control plane, and only issuing needs it.
export async function library(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

const newKeys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

const privateKeyPem = async (key: CryptoKey): Promise<string> =>
  pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', key))

export const importPrivateKey = (text: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('pkcs8', new Uint8Array(derOf(text)), algorithm, false, ['sign'])

const derOf = (text: string): Buffer => Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64')

export function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** A serial number of 127 random bits: positive and unique. */
export function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}
