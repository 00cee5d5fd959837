import { createHash, X509Certificate } from 'node:crypto'
import type { ConfigMap, Secret } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isGranted } from './grants.ts'
import { no, type Verdict } from './verdict.ts'
import { gatewayGroup, type Gateway, type Reference, type ReferenceGrant } from './types.ts'

/** Whose certificates the clients of an HTTPS listener have to show. */
export interface ClientValidation {
  /** Changes with the authorities and the mode: a connection is validated by one of them. */
  id: string
  /** PEM. */
  ca: string
  /** Without one, clients without a valid certificate are served, too. */
  isRequired: boolean
}

export interface ValidationSources {
  grants: readonly ReferenceGrant[]
  configMap(key: string): ConfigMap | undefined
  secret(key: string): Stored<Secret> | undefined
}

/** What a Gateway asks of the clients of its HTTPS listeners at `port`. `problem`: of its references; all of them where nothing is left. */
export function clientValidationOf(
  { metadata, spec }: Gateway,
  port: number,
  sources: ValidationSources,
): { validation?: ClientValidation; problem?: Verdict; isInvalid: boolean } {
  const { frontend } = spec.tls ?? {}
  const { validation } = frontend?.perPort?.find((one) => one.port === port)?.tls ?? frontend?.default ?? {}
  if (!validation) return { isInvalid: false }
  const found = validation.caCertificateRefs.map((reference) =>
    authorityOf(reference, metadata.namespace ?? '', sources),
  )
  const problem = found.flatMap((one) => ('problem' in one ? [one.problem] : []))[0]
  const ca = found.flatMap((one) => ('ca' in one ? [one.ca] : [])).join('\n')
  const isRequired = validation.mode !== 'AllowInsecureFallback'
  const told = problem ? { problem } : {}
  if (ca === '') return { ...told, isInvalid: true }
  const id = createHash('sha256').update(`${isRequired}\n${ca}`).digest('base64url')
  return { ...told, validation: { id, ca, isRequired }, isInvalid: false }
}

function authorityOf(
  { group = '', kind = 'ConfigMap', name, namespace: given }: Reference,
  own: string,
  { grants, configMap, secret }: ValidationSources,
): { ca: string } | { problem: Verdict } {
  const refused = (reason: string, message: string): { problem: Verdict } => ({
    problem: no('ResolvedRefs', reason, message),
  })
  const namespace = given ?? own
  const key = `${namespace}/${name}`
  if (group !== '' || (kind !== 'ConfigMap' && kind !== 'Secret'))
    return refused('InvalidCACertificateKind', `${kind} ${key} is neither a ConfigMap nor a Secret`)
  const to = { group: '', kind, namespace, name }
  if (!isGranted(grants, { from: { group: gatewayGroup, kind: 'Gateway', namespace: own }, to }))
    return refused('RefNotPermitted', `no ReferenceGrant permits ${kind} ${key}`)
  const ca =
    kind === 'ConfigMap'
      ? configMap(key)?.data?.['ca.crt']
      : Buffer.from(secret(key)?.data?.['ca.crt'] ?? '', 'base64').toString('utf8')
  return ca !== undefined && isAuthority(ca)
    ? { ca }
    : refused('InvalidCACertificateRef', `${kind} ${key} has no certificate in its key ca.crt`)
}

function isAuthority(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== ''
  } catch {
    return false
  }
}
