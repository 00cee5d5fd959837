import { expect, test } from 'vitest'
import { clusterIpsOf } from './cluster-ips.ts'

test.each([
  ['both families', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd00::9'] }, ['10.96.0.9', 'fd00::9']],
  ['what is written otherwise', { clusterIPs: ['10.96.0.9', 'FD00:0:0::9'] }, ['10.96.0.9', 'fd00::9']],
  ['only the older field', { clusterIP: '10.96.0.9' }, ['10.96.0.9']],
  ['an empty list beside the older field', { clusterIP: '10.96.0.9', clusterIPs: [] }, ['10.96.0.9']],
  ['headless', { clusterIP: 'None', clusterIPs: ['None'] }, []],
  ['headless by the older field alone', { clusterIP: 'None' }, []],
  ['none yet', {}, []],
  ['no spec', undefined, []],
])('the addresses of a Service: %s', (_, spec, addresses) => {
  expect(clusterIpsOf(spec ? { spec } : {})).toEqual(addresses)
})
