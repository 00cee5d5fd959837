import type { Secret } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isGranted } from './grants.ts'
import { no, yes, type Verdict } from './verdict.ts'
import { gatewayGroup, type Gateway, type ReferenceGrant } from './types.ts'

/** What a Gateway shows to back ends that are reached by TLS, PEM. */
export interface ClientCertificate {
  cert: Buffer
  key: Buffer
}

export interface ClientCertificateSources {
  grants: readonly ReferenceGrant[]
  secret(key: string): Stored<Secret> | undefined
  /** Whether the Secret holds a certificate with its key. */
  isCertificate(secret: Stored<Secret>): boolean
}

/** The certificate that `spec.tls.backend` names. @returns nothing where it names none; without a certificate, why */
export function clientCertificateOf(
  { metadata, spec }: Gateway,
  { grants, secret, isCertificate }: ClientCertificateSources,
): { certificate?: ClientCertificate; resolved?: Verdict } {
  const reference = spec.tls?.backend?.clientCertificateRef
  if (!reference) return {}
  const own = metadata.namespace ?? ''
  const { group = '', kind = 'Secret', name, namespace = own } = reference
  const key = `${namespace}/${name}`
  const refused = (reason: string, message: string) => ({ resolved: no('ResolvedRefs', reason, message) })
  if (group !== '' || kind !== 'Secret') return refused('InvalidClientCertificateRef', `${kind} ${key} is not a Secret`)
  const to = { group: '', kind, namespace, name }
  if (!isGranted(grants, { from: { group: gatewayGroup, kind: 'Gateway', namespace: own }, to }))
    return refused('RefNotPermitted', `no ReferenceGrant permits Secret ${key}`)
  const found = secret(key)
  if (!found || !isCertificate(found))
    return refused('InvalidClientCertificateRef', `Secret ${key} has no valid tls.crt and tls.key`)
  const part = (file: string): Buffer => Buffer.from(found.data?.[file] ?? '', 'base64')
  return {
    certificate: { cert: part('tls.crt'), key: part('tls.key') },
    resolved: yes('ResolvedRefs', 'ResolvedRefs', 'All references are resolved'),
  }
}
