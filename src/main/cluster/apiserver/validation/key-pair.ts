import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'

/**
 * Warnings about a certificate and key in base64 that do not belong together, in the words of Go's tls.X509KeyPair.
 */
export function keyPairWarnings(certificate = '', key = ''): string[] {
  const problem = problemOf(decode(certificate), decode(key))
  return problem === undefined ? [] : [problem]
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('latin1')

function problemOf(certificate: string, key: string): string | undefined {
  const leaf = blocksOf(certificate).find(({ type }) => type === 'CERTIFICATE')
  if (!leaf) return missing(certificate)
  const secret = blocksOf(key).find(({ type }) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))
  if (!secret) return missingKey(key)
  let parsed: X509Certificate
  try {
    parsed = new X509Certificate(leaf.pem)
  } catch {
    return 'x509: malformed certificate'
  }
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(secret.pem)
  } catch {
    return 'tls: failed to parse private key'
  }
  if (parsed.publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType)
    return 'tls: private key type does not match public key type'
  return parsed.checkPrivateKey(privateKey) ? undefined : 'tls: private key does not match public key'
}

function missing(certificate: string): string {
  const others = blocksOf(certificate).map(({ type }) => type)
  const [only] = others
  if (only === undefined) return 'tls: failed to find any PEM data in certificate input'
  if (others.length === 1 && only.endsWith('PRIVATE KEY'))
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${others.join(' ')}]`
}

function missingKey(key: string): string {
  const others = blocksOf(key).map(({ type }) => type)
  const [only] = others
  if (only === undefined) return 'tls: failed to find any PEM data in key input'
  if (others.length === 1 && only === 'CERTIFICATE')
    return 'tls: found a certificate rather than a key in the PEM for the private key'
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${others.join(' ')}]`
}

const blocksOf = (text: string): { type: string; pem: string }[] =>
  [...text.matchAll(/-----BEGIN ([^-]+)-----[\s\S]*?-----END \1-----/g)].map(([pem, type = '']) => ({ type, pem }))
