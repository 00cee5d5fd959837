import { expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { checkSources } from './source-check.ts'

test('one transaction covers the interfaces of all pods, of both families', async () => {
  const scripts: string[] = []
  await checkSources({
    interfaces: 'slip',
    run: async (_, __, script = '') => String(scripts.push(script)),
    log: silentLog,
    write: () => expect.unreachable(),
  })
  expect(scripts).toHaveLength(1)
  expect(scripts[0]).toContain('add rule inet slipway-sources pods iifname "slip*" fib saddr . iif oif missing drop\n')
})

test('a kernel whose nftables cannot look up routes checks IPv4 by itself, and the agent says so', async () => {
  const said: string[] = []
  const written: string[] = []
  await checkSources({
    interfaces: 'slip',
    run: () => Promise.reject(new Error('No such file or directory')),
    log: { ...silentLog, error: (message) => void said.push(message) },
    write: (path, text) => void written.push(`${path} ${text}`),
  })
  expect(written).toEqual(['/proc/sys/net/ipv4/conf/default/rp_filter 1'])
  expect(said).toHaveLength(1)
})
