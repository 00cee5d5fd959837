import { createSecureContext, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { messageOf } from '#shared/base/message-of.ts'
import type { Log } from '#shared/base/log.ts'
import type { Secret } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'

export interface CertificatesOptions {
  /** The Secret of a host's `tls` section; undefined where there is none. */
  secretFor(host: string): Stored<Secret> | undefined
  /** Whether an Ingress names the host; others get the certificate of `localhost`. */
  knows(host: string): boolean
  /** Issues a certificate of the cluster's authority. */
  issue(host: string): Promise<{ cert: string; key: string }>
  log: Log
}

const mostKept = 500
/** Issued certificates are replaced long before they expire, ms. */
const keptMs = 24 * 3_600_000

/** Chooses the certificate of a TLS connection by the name that the client asks for (SNI). */
export function createCertificates({ secretFor, knows, issue, log }: CertificatesOptions) {
  const ofSecrets = new LRUCache<string, SecureContext>({ max: mostKept })
  const issued = new LRUCache<string, Promise<SecureContext>>({ max: mostKept, ttl: keptMs })

  function fromSecret(secret: Stored<Secret>): SecureContext | undefined {
    const { uid, resourceVersion, namespace, name } = secret.metadata
    const id = `${uid}/${resourceVersion}`
    const known = ofSecrets.get(id)
    if (known) return known
    try {
      const part = (key: string): Buffer => Buffer.from(secret.data?.[key] ?? '', 'base64')
      const context = createSecureContext({ cert: part('tls.crt'), key: part('tls.key'), minVersion: 'TLSv1.2' })
      ofSecrets.set(id, context)
      return context
    } catch (error) {
      log.warn('the certificate of an Ingress cannot be used', {
        secret: `${namespace}/${name}`,
        error: messageOf(error),
      })
      return undefined
    }
  }

  function fromAuthority(host: string): Promise<SecureContext> {
    const known = issued.get(host)
    if (known) return known
    const made = issue(host).then(({ cert, key }) => createSecureContext({ cert, key, minVersion: 'TLSv1.2' }))
    issued.set(host, made)
    made.catch(() => issued.delete(host))
    return made
  }

  return {
    /** @throws Error when no certificate can be issued */
    async contextFor(serverName: string): Promise<SecureContext> {
      const host = serverName.toLowerCase()
      const secret = secretFor(host)
      return (secret && fromSecret(secret)) ?? fromAuthority(knows(host) ? host : 'localhost')
    },
  }
}
