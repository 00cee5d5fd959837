import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { createBalancer } from './balancer.ts'

const endpoints = ['10.244.0.1', '10.244.0.2', '10.244.0.3'].map((host) => ({ node: 'w1', host, port: 80 }))

function balancing(refused: string[] = []) {
  const dialled: string[] = []
  const clock = createFakeClock()
  let turn = 0
  const balancer = createBalancer({
    clock,
    random: () => (turn++ * 0.618) % 1,
    dial(_node, authority) {
      if (refused.includes(authority)) return Promise.reject(new Error(`${authority} refused`))
      dialled.push(authority)
      return Promise.resolve(new PassThrough())
    },
  })
  return { balancer, dialled, clock }
}

describe('the balancer', () => {
  it('spreads connections over the endpoints', async () => {
    const { balancer, dialled } = balancing()
    for (let i = 0; i < 20; i++) await balancer.connect({ endpoints, client: 'a' })
    expect(new Set(dialled).size).toBe(3)
  })

  it('tries another endpoint where one refuses', async () => {
    const { balancer, dialled } = balancing(['10.244.0.1:80', '10.244.0.2:80'])
    for (let i = 0; i < 5; i++) await balancer.connect({ endpoints, client: 'a' })
    expect(new Set(dialled)).toEqual(new Set(['10.244.0.3:80']))
  })

  it('keeps a client on its endpoint until its time is over or the endpoint is gone', async () => {
    const { balancer, dialled, clock } = balancing()
    const connect = (list = endpoints) => balancer.connect({ endpoints: list, client: 'a', affinityMs: 1_000 })
    for (let i = 0; i < 10; i++) await connect()
    expect(new Set(dialled).size).toBe(1)
    const [first] = dialled
    const others = endpoints.filter(({ host }) => `${host}:80` !== first)
    await connect(others)
    expect(dialled.at(-1)).not.toBe(first)
    dialled.length = 0
    for (let i = 0; i < 20; i++) {
      await clock.advance(1_001)
      await connect()
    }
    expect(new Set(dialled).size).toBeGreaterThan(1)
  })

  it('says why there is no connection', async () => {
    const { balancer } = balancing(['10.244.0.1:80'])
    await expect(balancer.connect({ endpoints: [], client: 'a' })).rejects.toThrow('no endpoints are ready')
    await expect(balancer.connect({ endpoints: endpoints.slice(0, 1), client: 'a' })).rejects.toThrow('refused')
  })
})
