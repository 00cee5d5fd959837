import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { boundInodes, holderOf, pidInNetstat } from './port-holder.ts'

it('names the process that has a port, of TCP and of UDP', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(socket, 'listening')])
  const own = process.platform === 'linux' ? `Slipway (pid ${process.pid})` : expect.anything()
  expect(await holderOf((server.address() as AddressInfo).port)).toEqual(own)
  expect(await holderOf(socket.address().port, 'UDP')).toEqual(own)
  const { port } = socket.address()
  server.close()
  socket.close()
  await once(socket, 'close')
  expect(await holderOf(port, 'UDP')).toBeUndefined()
})

it('finds the sockets of a port in the text of /proc/net', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100',
    '   1: 0100007F:0050 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100',
    '   2: 0100007F:1050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100',
    '   3: 0100007F:0050 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 444 1 0 100',
  ].join('\n')
  expect(boundInodes(table, 80, 'TCP')).toEqual(['111'])
  expect(boundInodes(table, 80, 'UDP')).toEqual(['444'])
})

it("finds the process in netstat's output on Windows", () => {
  const text = [
    'Active Connections',
    '  Proto  Local Address          Foreign Address        State           PID',
    '  TCP    127.0.0.1:80           127.0.0.1:50000        ESTABLISHED     1',
    '  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       4712',
    '  TCP    0.0.0.0:8080           0.0.0.0:0              LISTENING       5',
    '  UDP    127.0.0.1:53           *:*                                    99',
  ].join('\r\n')
  expect(pidInNetstat(text, 80, 'TCP')).toBe(4712)
  expect(pidInNetstat(text, 53, 'UDP')).toBe(99)
  expect(pidInNetstat(text, 81, 'TCP')).toBeUndefined()
})
