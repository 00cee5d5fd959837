/** What a certificate says of itself. */
export interface CertificateFacts {
  subject: string
  issuer: string
  /** Subject alternative names: `DNS:shop.localhost`. */
  names: string[]
  /** ms since the epoch */
  notBefore: number
  notAfter: number
}

/** Reads PEM certificates; what cannot be read is left out. The library is loaded when there is something to read. */
export async function certificatesIn(text: string): Promise<CertificateFacts[]> {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) return []
  await import('reflect-metadata')
  const { SubjectAlternativeNameExtension, X509Certificate } = await import('@peculiar/x509')
  return blocks.slice(0, 20).flatMap((block) => {
    try {
      const certificate = new X509Certificate(block)
      const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
      return [
        {
          subject: certificate.subject,
          issuer: certificate.issuer,
          names: names.map(({ type, value }) => `${type.toUpperCase()}:${value}`),
          notBefore: certificate.notBefore.getTime(),
          notAfter: certificate.notAfter.getTime(),
        },
      ]
    } catch {
      return []
    }
  })
}
