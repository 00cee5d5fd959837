import { Readable, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

/**
 * The channels of Kubernetes' WebSocket protocols: every message begins with its channel number, as a byte
 * (`v4.channel.k8s.io`) or, in the base64 protocols, as a digit before base64 text.
 */
export interface Channels {
  /** Data of the client by channel. Data on other channels is dropped. */
  input(channel: number): Readable
  output(channel: number): Writable
  /** Sends one message. */
  send(channel: number, payload: Uint8Array): void
  /** Closes the connection once everything sent is flushed. */
  close(): void
  /** Called when the connection is closed. */
  onClose(listener: () => void): void
}

/** In `v5.channel.k8s.io` a message on this channel closes the channel that its payload names. */
const closeChannel = 255

export function webSocketChannels(socket: WebSocket, protocol: string): Channels {
  const inputs = new Map<number, Readable>()
  const isBase64 = protocol.includes('base64.')

  socket.on('message', (data) => {
    const message = isBase64 ? decodeBase64(bytesOf(data)) : bytesOf(data)
    const channel = message[0]
    if (channel === undefined) return
    if (channel === closeChannel && protocol.startsWith('v5.')) inputs.get(message[1] ?? -1)?.push(null)
    else if (message.length > 1 && inputs.get(channel)?.push(message.subarray(1)) === false) socket.pause()
  })
  socket.once('close', () => {
    for (const input of inputs.values()) input.destroy()
  })

  const send = (channel: number, payload: Uint8Array, done?: (error?: Error | null) => void): void => {
    if (socket.readyState !== socket.OPEN) done?.(new Error('the client has disconnected'))
    else if (isBase64) socket.send(String(channel) + Buffer.from(payload).toString('base64'), done)
    else socket.send(Buffer.concat([Uint8Array.of(channel), payload]), done)
  }

  return {
    input(channel) {
      // A slow channel blocks the others: WebSocket has no flow control per channel.
      const input = new Readable({ read: () => socket.resume(), highWaterMark: 256 * 1024 })
      input.on('error', () => undefined)
      inputs.set(channel, input)
      return input
    },
    output(channel) {
      const output = new Writable({
        write: (chunk: Buffer, _encoding, done) => send(channel, chunk, done),
      })
      output.on('error', () => undefined)
      return output
    },
    send: (channel, payload) => send(channel, payload),
    close: () => socket.close(1000),
    onClose: (listener) => void socket.once('close', listener),
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}

function decodeBase64(message: Buffer): Buffer {
  const channel = (message[0] ?? 0x30) - 0x30
  return Buffer.concat([Uint8Array.of(channel), Buffer.from(message.toString('latin1', 1), 'base64')])
}
