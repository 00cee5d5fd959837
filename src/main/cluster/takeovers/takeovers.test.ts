import { expect, test } from 'vitest'
import type { Client } from '#shared/client/client.ts'
import type { SharedInformers } from '#shared/client/shared-informers.ts'
import { systemClock } from '#shared/base/clock.ts'
import { createTakeovers } from './index.ts'

test('a Service is taken or given back once at a time: one take would remove the pod of another', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  const takeovers = createTakeovers({
    client: { get: () => promise } as unknown as Client,
    informers: {} as SharedInformers,
    standInImage: () => Promise.resolve('stand-in'),
    clock: systemClock,
  })
  const web = { namespace: 'shop', name: 'web' }
  const first = takeovers.take(web, [])
  await expect(takeovers.take(web, [])).rejects.toThrow('already')
  await expect(takeovers.giveBack(web)).rejects.toThrow('already')
  reject(new Error('gone'))
  await expect(first).rejects.toThrow('gone')
  await expect(takeovers.giveBack(web)).rejects.toThrow('gone')
})
