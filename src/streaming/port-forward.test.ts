import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { webSocketChannels } from './channels.ts'
import { servePorts } from './port-forward.ts'

/** A client to which nothing can be sent any more once the connection is closed, and whose every message takes a moment. */
class SlowClient extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  readonly got: string[] = []
  send(message: Buffer, done?: () => void): void {
    this.got.push(message.subarray(1).toString('latin1'))
    setTimeout(() => done?.(), 5)
  }
  close(): void {
    this.readyState = 3
    this.emit('close')
  }
}

test('the last output of a pod that closes its connection reaches the client', async () => {
  const client = new SlowClient()
  const pod = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  servePorts(webSocketChannels(client as unknown as WebSocket, 'v4.channel.k8s.io'), [80], () => Promise.resolve(pod))
  const closed = new Promise((resolve) => client.once('close', resolve))
  pod.push('head')
  setTimeout(() => {
    pod.push('body')
    pod.push(null)
  }, 1)
  await closed
  expect(client.got.slice(2)).toEqual(['head', 'body'])
})
