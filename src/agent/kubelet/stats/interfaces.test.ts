import { expect, test } from 'vitest'
import { parseInterfaces } from './interfaces.ts'

const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  133687     144    0    0    0     0          0         0   133687     144    0    0    0     0       0          0
slipc1317dcc6e5:      90       1    0    0    0     0          0         0      176       2    0    0    0     0       0          0
  eth0: 4271504     197    1    2    0     0          0         0    51391     142    3    4    0     0       0          0
slip:9 8 7 6 0 0 0 0 5 4 3 2 0 0 0 0
`

test('counters by interface, without lo and the ends of pods', () => {
  expect(parseInterfaces(text)).toEqual([
    {
      name: 'eth0',
      rxBytes: 4271504,
      rxPackets: 197,
      rxErrors: 1,
      rxDropped: 2,
      txBytes: 51391,
      txPackets: 142,
      txErrors: 3,
      txDropped: 4,
    },
    {
      name: 'slip',
      rxBytes: 9,
      rxPackets: 8,
      rxErrors: 7,
      rxDropped: 6,
      txBytes: 5,
      txPackets: 4,
      txErrors: 3,
      txDropped: 2,
    },
  ])
})
