import type { ConfigMap, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { servicePortOf } from '../endpoints.ts'
import type { Backend } from '../ingress/routes.ts'
import { no, yes, type Verdict } from './verdict.ts'
import type { BackendTlsPolicy, SubjectName } from './types.ts'

/** How TLS is spoken to a back end. */
export interface BackendTls {
  /** Sent as SNI, and the name that the certificate has to have, unless `names` says other ones. */
  hostname: string
  /** PEM; the system's authorities when unset. */
  ca?: string
  names: readonly SubjectName[]
  /** Without it nothing is sent to the back end. */
  isValid: boolean
}

export interface JudgedPolicies {
  /** What holds for a back end; undefined where no TLS is spoken. */
  of(backend: Backend): BackendTls | undefined
  verdicts: ReadonlyMap<Stored<BackendTlsPolicy>, Verdict[]>
}

export interface PolicySources {
  /** With all keys, by `namespace/name`. */
  configMap(key: string): ConfigMap | undefined
  service(key: string): Service | undefined
}

/**
 * Judges all policies, each by itself and beside those for the same Service. The oldest one holds; one for a port comes before one
 * for the whole Service. Pure.
 */
export function judgePolicies(policies: readonly Stored<BackendTlsPolicy>[], sources: PolicySources): JudgedPolicies {
  const held = new Map<string, BackendTls>()
  const verdicts = new Map<Stored<BackendTlsPolicy>, Verdict[]>()
  for (const policy of [...policies].sort(byAge)) {
    const { tls, resolved } = resolve(policy, sources)
    const keys = targetsOf(policy)
    const isTaken = keys.length > 0 && keys.every((key) => held.has(key))
    for (const key of keys) if (!held.has(key)) held.set(key, tls)
    const accepted = isTaken
      ? no('Accepted', 'Conflicted', 'an older policy holds for the same Service')
      : tls.isValid
        ? yes('Accepted', 'Accepted', 'The policy is accepted')
        : no('Accepted', 'NoValidCACertificate', 'no certificate of an authority can be used')
    verdicts.set(policy, [accepted, resolved])
  }
  return {
    of({ namespace, service, port }) {
      const key = `${namespace}/${service}`
      const found = sources.service(key)
      const name = found && servicePortOf(found, port)?.name
      return held.get(`${key}:${name ?? ''}`) ?? held.get(`${key}:`)
    },
    verdicts,
  }
}

/** `namespace/service:port`, without the port where the whole Service is meant. */
const targetsOf = ({ metadata, spec }: Stored<BackendTlsPolicy>): string[] =>
  spec.targetRefs
    .filter(({ group = '', kind = 'Service' }) => group === '' && kind === 'Service')
    .map(({ name, sectionName = '' }) => `${metadata.namespace ?? ''}/${name}:${sectionName}`)

/** Names of the Services that a policy is for, with their namespace. */
export const servicesOf = (policy: Stored<BackendTlsPolicy>): string[] =>
  targetsOf(policy).map((key) => key.slice(0, key.lastIndexOf(':')))

function resolve(
  { metadata, spec: { validation } }: Stored<BackendTlsPolicy>,
  { configMap }: PolicySources,
): { tls: BackendTls; resolved: Verdict } {
  const { hostname, caCertificateRefs = [], subjectAltNames: names = [] } = validation
  let problem: Verdict | undefined
  const texts = caCertificateRefs.flatMap(({ group = '', kind, name }) => {
    const text =
      group === '' && kind === 'ConfigMap' ? configMap(`${metadata.namespace ?? ''}/${name}`)?.data?.['ca.crt'] : ''
    if (text?.includes('BEGIN CERTIFICATE')) return [text]
    problem ??=
      text === ''
        ? no('ResolvedRefs', 'InvalidKind', `${kind} ${name} is not a ConfigMap`)
        : no('ResolvedRefs', 'InvalidCACertificateRef', `ConfigMap ${name} has no certificate in its key ca.crt`)
    return []
  })
  const isSystem = validation.wellKnownCACertificates === 'System'
  return {
    tls: { hostname, names, isValid: isSystem || texts.length > 0, ...(isSystem ? {} : { ca: texts.join('\n') }) },
    resolved: problem ?? yes('ResolvedRefs', 'ResolvedRefs', 'All references are resolved'),
  }
}

const byAge = (a: Stored<BackendTlsPolicy>, b: Stored<BackendTlsPolicy>): number =>
  Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '') ||
  `${a.metadata.namespace}/${a.metadata.name}`.localeCompare(`${b.metadata.namespace}/${b.metadata.name}`)
