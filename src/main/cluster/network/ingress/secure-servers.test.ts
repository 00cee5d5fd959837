import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testAuthority } from '#test/support/test-authority.ts'
import { createConnectionSlots } from '../connection-slots.ts'
import type { ClientValidation } from '../gateway/client-validation.ts'
import type { LoopbackListener } from '../loopback-port.ts'
import { startIngressServer } from './server.ts'

let ingress: LoopbackListener
let clientsOf: (serverName: string) => ClientValidation | undefined
let client: { cert: string; key: string }

beforeEach(async () => {
  const { ca, issue } = await testAuthority()
  client = await issue(['client'], ['client'])
  clientsOf = (name) => (name === 'needs.localhost' ? { id: 'own', ca, isRequired: true } : undefined)
  const started = await startIngressServer({
    port: 0,
    certificate: await issue(['localhost']),
    clientsOf: (name) => clientsOf(name),
    // The authority of the tests is a public one here: of those is who names none.
    contextFor: async (name, clients) => createSecureContext({ ...(await issue([name])), ca: clients?.ca ?? ca }),
    route: ({ validatedBy }) =>
      Promise.resolve({ answer: { status: 200, headers: { 'x-validated-by': validatedBy ?? 'nothing' } } }),
    slots: createConnectionSlots(100),
    onFault: () => undefined,
  })
  if ('refused' in started) throw new Error(started.message)
  ingress = started
})
afterEach(() => ingress.stop())

/** By what the server takes the client for validated, and the client's port while its connection stays. */
async function ask(
  servername: string,
  from: SecureContextOptions & { localAddress?: string; localPort?: number } = {},
): Promise<{ validatedBy: unknown; port: number; end(): void }> {
  const where = { host: '127.0.0.1', port: ingress.port, agent: false, rejectUnauthorized: false }
  const outgoing = request({ ...where, servername, ...from, headers: { host: servername, connection: 'keep-alive' } })
  outgoing.end()
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { socket } = answer
  return { validatedBy: answer.headers['x-validated-by'], port: socket.localPort ?? 0, end: () => socket.destroy() }
}

test('a client is validated by its own connection, not by that of another address with the same port', async () => {
  const own = await ask('needs.localhost', client)
  expect(own.validatedBy).toBe('own')
  // macOS has no other address of the loopback network by itself.
  const [localAddress, localPort] = process.platform === 'linux' ? ['127.0.0.2', own.port] : ['127.0.0.1', 0]
  const other = await ask('open.localhost', { localAddress, localPort })
  expect(other.validatedBy).toBe('nothing')
  own.end()
  other.end()
})

test('no public authority stands in for those that a host no longer names', async () => {
  const { ca } = await testAuthority()
  let asked = 0
  clientsOf = () => (++asked === 1 ? { id: 'own', ca, isRequired: true } : undefined)
  await expect(ask('needs.localhost', client)).rejects.toThrow()
  expect(asked).toBe(2)
})
