import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket, type PeerCertificate } from 'node:tls'
import { unauthorized } from '#shared/kube/status.ts'
import type { Authenticator, UserInfo } from '../api/access.ts'

/**
 * Authenticates users by client certificate: CN is the user name, every O a group. The TLS listener requests
 * certificates of the cluster's CA (`requestCert`) and does not reject them itself (`rejectUnauthorized: false`).
 */
export function clientCertificates(): Authenticator {
  // Cached per connection: reading the certificate costs more than a whole request.
  const bySocket = new WeakMap<Socket, UserInfo | 'none' | 'refused'>()
  return {
    authenticate({ socket }: IncomingMessage) {
      let known = bySocket.get(socket)
      if (known === undefined) bySocket.set(socket, (known = userOf(socket)))
      if (known === 'refused') throw unauthorized()
      return known === 'none' ? undefined : known
    },
  }
}

function userOf(socket: Socket): UserInfo | 'none' | 'refused' {
  if (!(socket instanceof TLSSocket)) return 'none'
  // Without a client certificate Node returns an empty object or null, whatever its types say.
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate> | null
  if (!certificate?.subject) return 'none'
  const name = textsOf(certificate.subject.CN)[0]
  if (!socket.authorized || name === undefined) return 'refused'
  return { name, groups: [...textsOf(certificate.subject.O), 'system:authenticated'] }
}

const textsOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value
