import { expect, test } from 'vitest'
import { defaultGateway } from './gateways.ts'

test('the default gateway is that of the default route, not of routes to other workers', () => {
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t0001F40A\t030013AC\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'eth0\t00000000\t010013AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000013AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  ].join('\n')
  expect(defaultGateway(table)).toBe('172.19.0.1')
  expect(defaultGateway('')).toBeUndefined()
})
