import { connect } from 'node:net'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { alternativesTo, listenOnLoopback, type LoopbackListener } from './loopback-port.ts'

async function listening(port = 0): Promise<LoopbackListener> {
  const listener = await listenOnLoopback(port, (socket) => socket.resume())
  if ('refused' in listener) throw new Error(listener.message)
  return listener
}

describe('a listener on loopback', () => {
  it('is not reached by other addresses of the machine, and its stop ends its connections', async () => {
    const listener = await listening()
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address
    if (outer !== undefined) {
      const socket = connect(listener.port, outer)
      await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
    const socket = connect(listener.port, '127.0.0.1')
    await once(socket, 'connect')
    const closed = once(socket, 'close')
    socket.on('error', () => undefined)
    await listener.stop()
    await closed
  })

  it('says that a port is taken', async () => {
    const listener = await listening()
    expect(await listenOnLoopback(listener.port, () => undefined)).toMatchObject({ refused: 'taken' })
    await listener.stop()
  })
})

it('tries the next ports, or those 8000 above where rights are missing', () => {
  expect(alternativesTo(80, 'taken').slice(0, 2)).toEqual([81, 82])
  expect(alternativesTo(80, 'not-permitted')[0]).toBe(8080)
  expect(alternativesTo(443, 'not-permitted')[0]).toBe(8443)
  expect(alternativesTo(65_535, 'taken')).toEqual([])
})
