import { createSecureContext, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { messageOf } from '#shared/base/message-of.ts'
import type { Log } from '#shared/base/log.ts'
import type { Secret } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { ClientValidation } from '../gateway/client-validation.ts'
import type { ListenerCertificate } from '../gateway/listeners.ts'

export interface CertificatesOptions {
  /** The Secret of a host's `tls` section; undefined where there is none. */
  secretFor(host: string): Stored<Secret> | undefined
  /** A Secret by `namespace/name`. */
  secret(key: string): Stored<Secret> | undefined
  /** Whether an Ingress or a route names the host; others get the certificate of `localhost`. */
  knows(host: string): boolean
  /** Issues a certificate of the cluster's authority. */
  issue(host: string): Promise<{ cert: string; key: string }>
  log: Log
}

const mostKept = 500
/** Issued certificates are replaced long before they expire, ms. */
const keptMs = 24 * 3_600_000

/** Chooses the certificate of a TLS connection by the name that the client asks for (SNI). */
export function createCertificates({ secretFor, secret, knows, issue, log }: CertificatesOptions) {
  const ofSecrets = new LRUCache<string, SecureContext>({ max: mostKept })
  const issued = new LRUCache<string, Promise<SecureContext>>({ max: mostKept, ttl: keptMs })

  function fromSecret(of: Stored<Secret>, clients?: ClientValidation): SecureContext | undefined {
    const { uid, resourceVersion, namespace, name } = of.metadata
    const id = `${uid}/${resourceVersion}/${clients?.id ?? ''}`
    const known = ofSecrets.get(id)
    if (known) return known
    try {
      const part = (key: string): Buffer => Buffer.from(of.data?.[key] ?? '', 'base64')
      const context = createSecureContext({
        cert: part('tls.crt'),
        key: part('tls.key'),
        ...authorities(clients),
        minVersion: 'TLSv1.2',
      })
      ofSecrets.set(id, context)
      return context
    } catch (error) {
      log.warn('the certificate of an Ingress or Gateway cannot be used', {
        secret: `${namespace}/${name}`,
        error: messageOf(error),
      })
      return undefined
    }
  }

  function fromAuthority(host: string, clients?: ClientValidation): Promise<SecureContext> {
    const id = `${host}/${clients?.id ?? ''}`
    const known = issued.get(id)
    if (known) return known
    const made = issue(host).then(({ cert, key }) =>
      createSecureContext({ cert, key, ...authorities(clients), minVersion: 'TLSv1.2' }),
    )
    issued.set(id, made)
    made.catch(() => issued.delete(id))
    return made
  }

  return {
    /** @param clients whose certificates they show @throws Error when no certificate can be issued */
    async contextFor(serverName: string, clients?: ClientValidation): Promise<SecureContext> {
      const host = serverName.toLowerCase()
      const named = secretFor(host)
      return (named && fromSecret(named, clients)) ?? fromAuthority(knows(host) ? host : 'localhost', clients)
    },
    /** The certificate of a listener. @throws Error when it cannot be had */
    async contextOf(certificate: ListenerCertificate, host: string): Promise<SecureContext> {
      if (certificate === 'cluster') return fromAuthority(host)
      const found = secret(certificate.secret)
      const context = found && fromSecret(found)
      if (!context) throw new Error(`Secret ${certificate.secret} has no certificate`)
      return context
    },
  }
}

const authorities = (clients: ClientValidation | undefined): { ca?: string } => (clients ? { ca: clients.ca } : {})
