import { connect } from 'node:net'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { alternativesTo, holderOf, listenOnLoopback, listeningInodes, type LoopbackListener } from './loopback-port.ts'

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

  it('says that a port is taken, and the host says by whom', async () => {
    const listener = await listening()
    expect(await listenOnLoopback(listener.port, () => undefined)).toMatchObject({ refused: 'taken' })
    if (process.platform === 'linux') expect(await holderOf(listener.port)).toBe(`Slipway (pid ${process.pid})`)
    await listener.stop()
    expect(await holderOf(listener.port)).toBeUndefined()
  })
})

it('tries the next ports, or those 8000 above where rights are missing', () => {
  expect(alternativesTo(80, 'taken').slice(0, 2)).toEqual([81, 82])
  expect(alternativesTo(80, 'not-permitted')[0]).toBe(8080)
  expect(alternativesTo(443, 'not-permitted')[0]).toBe(8443)
  expect(alternativesTo(65_535, 'taken')).toEqual([])
})

it('finds listening sockets of a port in the text of /proc/net/tcp', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100',
    '   1: 0100007F:0050 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100',
    '   2: 0100007F:1050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100',
  ].join('\n')
  expect(listeningInodes(table, 80)).toEqual(['111'])
})
