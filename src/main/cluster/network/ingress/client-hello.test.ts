import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { serverNameOf } from './client-hello.ts'

/** What Node's own TLS sends first. */
async function helloOf(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ...(servername === undefined ? {} : { servername }),
  })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  server.close()
  return bytes
}

describe('the name in a ClientHello', () => {
  it('is found, however the bytes arrive', async () => {
    const hello = await helloOf('Shop.localhost')
    expect(serverNameOf(hello)).toEqual({ serverName: 'shop.localhost' })
    for (let length = 1; length < hello.length; length++)
      expect(serverNameOf(hello.subarray(0, length))).toBe('incomplete')
  })

  it('is found in a message of several records', async () => {
    const hello = await helloOf('shop.localhost')
    const message = hello.subarray(5)
    const record = (part: Buffer): Buffer => {
      const header = Buffer.from([0x16, 3, 1, 0, 0])
      header.writeUInt16BE(part.length, 3)
      return Buffer.concat([header, part])
    }
    const split = Buffer.concat([record(message.subarray(0, 50)), record(message.subarray(50))])
    expect(serverNameOf(split)).toEqual({ serverName: 'shop.localhost' })
  })

  it('may be missing, and garbage has none', async () => {
    expect(serverNameOf(await helloOf(undefined))).toEqual({ serverName: undefined })
    expect(serverNameOf(Buffer.from([0x16, 3, 1, 0, 8, 1, 0, 0, 4, 9, 9, 9, 9]))).toEqual({ serverName: undefined })
    expect(serverNameOf(Buffer.from([0x16, 3, 1, 0, 1, 2]))).toEqual({ serverName: undefined })
    expect(serverNameOf(Buffer.from([0x15, 3, 1, 0, 1, 2]))).toEqual({ serverName: undefined })
  })
})
