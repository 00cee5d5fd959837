import { describe, expect, it } from 'vitest'
import { PassThrough } from 'node:stream'
import { objectReader } from '#test/support/object-reader.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { guardedConnector } from './guarded-connector.ts'

const addresses = (...list: string[]): KubeObject =>
  ({ metadata: {}, status: { addresses: list.map((address) => ({ type: 'InternalIP', address })) } }) as KubeObject
const nodes = new Map([
  ['nodes//w1', addresses('172.19.0.3')],
  ['nodes//w2', addresses('172.19.0.4')],
  ['nodes//liar', addresses('127.0.0.1', '169.254.169.254', '::1')],
])
const reader = objectReader(() => nodes)

/** The authority that is finally dialled. */
async function dialled(authority: string, node = 'w1'): Promise<string> {
  let reached = ''
  const connector = {
    request: () => Promise.reject(new Error('not asked')),
    connect: (_node: string, authority: string) => {
      reached = authority
      return Promise.resolve(new PassThrough())
    },
  }
  await guardedConnector({ connector, reader, podRanges: ['10.244.0.0/16', 'fd00:10::/64'] }).connect(node, authority)
  return reached
}

describe('the guarded connector', () => {
  it.each([
    ['10.244.1.2:80', '10.244.1.2:80'],
    ['10.244.255.255:65535', '10.244.255.255:65535'],
    ['[fd00:10::7]:80', '[fd00:10::7]:80'],
    ['172.19.0.3:80', '172.19.0.3:80'],
    ['[fd00:10:0:0:0:0:0:7]:80', '[fd00:10::7]:80'],
  ])('dials %s', async (authority, reached) => expect(await dialled(authority)).toBe(reached))

  it.each([
    '127.0.0.1:80',
    '127.8.8.8:80',
    '0.0.0.0:80',
    '0.1.2.3:80',
    '169.254.169.254:80',
    '169.254.1.1:80',
    '224.0.0.1:80',
    '239.1.1.1:80',
    '255.255.255.255:80',
    '[::]:80',
    '[::1]:80',
    '[fe80::1]:80',
    '[fe80::1%eth0]:80',
    '[ff02::1]:80',
    '[::ffff:10.244.1.2]:80',
    '[::ffff:127.0.0.1]:80',
    '[::ffff:7f00:1]:80',
    '[0:0:0:0:0:ffff:7f00:0001]:80',
    '[::ffff:169.254.169.254]:80',
    '172.19.0.4:80',
    '172.17.0.1:80',
    '192.168.1.1:80',
    '8.8.8.8:80',
    '10.245.0.1:80',
    '10.96.0.1:443',
    '2130706433:80',
    '0x7f.1:80',
    '010.244.1.2:80',
    'localhost:80',
    'kubernetes.default:443',
    '10.244.1.2',
    '10.244.1.2:0',
    '10.244.1.2:65536',
    '10.244.1.2:80:80',
    '10.244.1.2@127.0.0.1:80',
    '10.244.1.2\r\nHost: x:80',
    ':80',
    '',
  ])('does not dial %j', async (authority) => {
    await expect(dialled(authority)).rejects.toMatchObject({ code: 400, message: 'address not allowed' })
  })

  it.each(['127.0.0.1:80', '169.254.169.254:80', '[::1]:80', '172.19.0.3:80'])(
    'does not dial %s because the node claims it, or because it belongs to another node',
    async (authority) => {
      await expect(dialled(authority, 'liar')).rejects.toThrow('address not allowed')
    },
  )
})
