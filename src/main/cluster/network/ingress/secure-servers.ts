import { constants } from 'node:crypto'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { messageOf } from '#shared/base/message-of.ts'
import type { ClientValidation } from '../gateway/client-validation.ts'

export interface SecureServersOptions {
  /** The certificate of clients that name no host. */
  certificate: { cert: string; key: string }
  /** What the clients have to show that ask for a host. */
  clientsOf?(serverName: string): ClientValidation | undefined
  contextFor(serverName: string, clients?: ClientValidation): Promise<SecureContext>
}

/** HTTPS by what clients are asked for: whether for a certificate is a server's, whose certificates are right is a host's. */
export interface SecureServers {
  readonly all: readonly Http2SecureServer[]
  /** Hands a connection to the server that asks for what the clients of its host have to show. */
  accept(socket: Socket, serverName: string | undefined): void
  /** By what the certificate of a connection's client was validated; undefined where it had to show none. */
  validatedBy(socket: Socket): string | undefined
}

export function createSecureServers({ certificate, clientsOf, contextFor }: SecureServersOptions): SecureServers {
  const serverThat = (asks: { requestCert?: boolean; rejectUnauthorized?: boolean }): Http2SecureServer => {
    const contextOf = async (name: string): Promise<SecureContext> => {
      if (!asks.requestCert) return contextFor(name)
      const clients = clientsOf?.(name)
      // Without authorities of its own, a context would take clients of all public ones.
      if (!clients) throw new Error(`${name} asks its clients for no certificate any more`)
      return contextFor(name, clients)
    }
    return createSecureServer({
      ...certificate,
      ...asks,
      // A resumed session is not validated again, though it may be of another host, or of authorities that were changed since.
      ...(asks.requestCert ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
      allowHTTP1: true,
      minVersion: 'TLSv1.2',
      SNICallback: (name, done) =>
        void contextOf(name).then(
          (context) => done(null, context),
          (error: unknown) => done(new Error(messageOf(error))),
        ),
    })
  }
  const open = serverThat({})
  const needing = serverThat({ requestCert: true, rejectUnauthorized: true })
  const asking = serverThat({ requestCert: true, rejectUnauthorized: false })
  /** By the client's end of the connection: its port alone may be that of another address of this machine, too. */
  const validated = new Map<string, string>()
  return {
    all: [open, needing, asking],
    accept(socket, serverName) {
      const clients = serverName === undefined ? undefined : clientsOf?.(serverName)
      if (clients?.isRequired) {
        const end = endOf(socket)
        validated.set(end, clients.id)
        socket.once('close', () => validated.delete(end))
      }
      const server = !clients ? open : clients.isRequired ? needing : asking
      server.emit('connection', socket)
    },
    validatedBy: (socket) => validated.get(endOf(socket)),
  }
}

const endOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`
