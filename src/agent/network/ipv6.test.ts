import { expect, test } from 'vitest'
import { edgeScript, gatewayIn } from './ipv6.ts'

test('reads the next hop of the default route', () => {
  expect(gatewayIn('default via fd21:3f85::1 dev eth0 metric 1024 pref medium\n')).toBe('fd21:3f85::1')
  expect(gatewayIn('')).toBeUndefined()
  expect(gatewayIn('default via x;y dev eth0')).toBeUndefined()
})

test('takes from the workers\u2019 network what the cluster and its neighbours send, and nothing that is no range', () => {
  expect(edgeScript(['fd21::2/64', 'fd00:10:244::/56', 'x } accept'])).toContain(
    'iifname "eth0" ip6 saddr != { fd21::2/64, fd00:10:244::/56, fe80::/10, :: } drop',
  )
})
