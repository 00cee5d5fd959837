import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { checkServerIdentity, connect, type PeerCertificate } from 'node:tls'
import { EdgeError } from '#main/http/edge.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { BackendTls } from './backend-tls.ts'
import type { ClientCertificate } from './client-certificate.ts'

/**
 * The connection as its policy asks: with TLS, and the back end's certificate checked.
 * @param options the protocol that is agreed upon, and what is shown where the back end asks for a certificate @throws EdgeError 502 for a certificate that is not right, 503 for a policy that is not valid
 */
export async function secured(
  connection: Duplex,
  tls: BackendTls | undefined,
  { protocol, clientCertificate }: { protocol: 'h2' | 'http/1.1'; clientCertificate: ClientCertificate | undefined },
): Promise<Duplex> {
  if (!tls) return connection
  if (!tls.isValid) {
    connection.destroy()
    throw new EdgeError(503, 'the policy for TLS to the back end is not valid')
  }
  const socket = connect({
    socket: connection,
    servername: tls.hostname,
    ALPNProtocols: [protocol],
    checkServerIdentity: (_host, certificate) => identityProblem(tls, certificate),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...clientCertificate,
  })
  try {
    await once(socket, 'secureConnect')
    return socket
  } catch (error) {
    socket.destroy()
    connection.destroy()
    throw new EdgeError(502, `TLS to the back end: ${messageOf(error)}`)
  }
}

function identityProblem({ hostname, names }: BackendTls, certificate: PeerCertificate): Error | undefined {
  if (names.length === 0) return checkServerIdentity(hostname, certificate)
  const alternatives = (certificate.subjectaltname ?? '').split(', ')
  const isOne = names.some(({ type, hostname: host = '', uri = '' }) =>
    type === 'URI' ? alternatives.includes(`URI:${uri}`) : checkServerIdentity(host, certificate) === undefined,
  )
  return isOne ? undefined : new Error('the certificate has none of the names of its policy')
}
