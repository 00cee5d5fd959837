import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testAuthority } from '#test/support/test-authority.ts'
import type { HttpResponse } from '#shared/client/http-transport.ts'
import { createApiFetch } from './api-fetch.ts'

let server: Server
let api: ReturnType<typeof createApiFetch>
/** Ends the answer at `/watch`. */
let endWatch: () => void = () => undefined
beforeEach(async () => {
  const { ca, issue } = await testAuthority()
  server = createServer(await issue(['kubernetes']), ({ url }, response) => {
    if (url !== '/watch') {
      response.end('done')
      return
    }
    response.write('first ')
    endWatch = () => response.end('last')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  api = createApiFetch({ port, tls: { ca, ...(await issue(['worker-1'], ['client'])) }, freeSocketTimeout: 100 })
})
afterEach(async () => {
  await api.stop()
  server.closeAllConnections()
  server.close()
})

const get = (path: string): Promise<HttpResponse> =>
  api.fetch({ method: 'GET', url: `https://kubernetes${path}`, headers: {} })
const connections = (): Promise<number> =>
  new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))

test('connections of a burst are closed after it, one that waits for an answer is not', async () => {
  const watch = await get('/watch')
  const answers = await Promise.all(Array.from({ length: 8 }, () => get('/')))
  await Promise.all(answers.map(({ chunks }) => text(chunks)))
  await expect.poll(connections, { timeout: 10_000 }).toBe(1)
  endWatch()
  expect(await text(watch.chunks)).toBe('first last')
})
