import { expect, test } from 'vitest'
import { isLoopback, listeningAddresses } from './port-reach.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 00000000:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:0BBA 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 3
`

test('finds the addresses at which a port is listened on', () => {
  expect(listeningAddresses(table, 3000)).toEqual(['0100007F'])
  expect(listeningAddresses(table, 3001)).toEqual(['00000000'])
  expect(listeningAddresses(table, 3002)).toEqual([])
})

test('knows loopback in either family', () => {
  expect(
    ['0100007F', '0200007F', `${'0'.repeat(24)}01000000`, '0000000000000000FFFF00000100007F'].map(isLoopback),
  ).toEqual([true, true, true, true])
  expect(['00000000', '0101A8C0', '0'.repeat(32)].map(isLoopback)).toEqual([false, false, false])
})
