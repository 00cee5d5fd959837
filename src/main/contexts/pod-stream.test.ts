import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { podStream } from './pod-stream.ts'

let server: WebSocketServer
afterEach(() => {
  for (const client of server.clients) client.terminate()
  server.close()
})

/** A connection to a stand-in for the API server, which has sent the port's number on both channels. */
async function connected(serve: (peer: WebSocket) => void): Promise<Duplex> {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (peer) => {
    peer.send(Buffer.from([0, 80, 0]))
    peer.send(Buffer.from([1, 80, 0]))
    serve(peer)
  })
  await once(server, 'listening')
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const stream = podStream(socket)
  await once(socket, 'open')
  return stream
}

describe('a connection to a port of a pod', () => {
  it('carries bytes both ways, without the numbers of channels and port', async () => {
    const stream = await connected((peer) =>
      peer.on('message', (message: Buffer) => {
        peer.send(Buffer.concat([Buffer.from([0]), Buffer.from(`got ${message.subarray(1).toString()}`)]))
        peer.close()
      }),
    )
    stream.write('hello')
    expect(await text(stream)).toBe('got hello')
  })

  it('waits for a slow reader', async () => {
    const stream = await connected((peer) => {
      for (let i = 0; i < 200; i++) peer.send(Buffer.alloc(100_001))
      peer.close()
    })
    await once(stream, 'readable')
    expect(stream.readableLength).toBeLessThan(2_000_000)
    let bytes = 0
    for await (const chunk of stream) bytes += (chunk as Buffer).length
    expect(bytes).toBe(20_000_000)
  })

  it("fails with the server's words", async () => {
    const stream = await connected((peer) => peer.send(Buffer.from('\u0001connection refused')))
    await expect(text(stream)).rejects.toThrow('connection refused')
  })
})
