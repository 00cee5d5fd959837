import { describe, expect, it } from 'vitest'
import type { Endpoint } from '#shared/kube/generated/types.ts'
import { pickTargets, type Candidate } from './endpoints.ts'

const at = (ip: string, local: boolean, endpoint: Partial<Endpoint> = {}): Candidate => ({
  ip,
  port: 80,
  local,
  endpoint,
})
const ending = { conditions: { ready: false, serving: true, terminating: true } }
const starting = { conditions: { ready: false, serving: false } }
const here = { nodeName: 'w1', zone: 'a' }
const picked = (...candidates: Candidate[]): { cluster: string[]; local: string[] } => {
  const { cluster, local } = pickTargets(candidates, here)
  return { cluster: cluster.map(({ ip }) => ip), local: local.map(({ ip }) => ip) }
}

describe('terminating endpoints', () => {
  it('are used where none is ready', () =>
    expect(picked(at('1', true, ending), at('2', true, starting))).toEqual({ cluster: ['1'], local: ['1'] }))
  it('are not used beside ready ones', () =>
    expect(picked(at('1', true, ending), at('2', true))).toEqual({ cluster: ['2'], local: ['2'] }))
  it('are used by policy Local where only other nodes have ready ones', () =>
    expect(picked(at('1', true, ending), at('2', false))).toEqual({ cluster: ['2'], local: ['1'] }))
})

describe('hints', () => {
  const zone = (name: string): Partial<Endpoint> => ({ hints: { forZones: [{ name }] } })
  const node = (name: string): Partial<Endpoint> => ({ hints: { forZones: [{ name: 'a' }], forNodes: [{ name }] } })
  it('keep traffic in the zone', () =>
    expect(picked(at('1', false, zone('a')), at('2', true, zone('b'))).cluster).toEqual(['1']))
  it('keep traffic on the node before the zone', () =>
    expect(picked(at('1', false, node('w2')), at('2', true, node('w1'))).cluster).toEqual(['2']))
  it('of nodes without one for this node leave those of zones', () =>
    expect(picked(at('1', false, node('w2')), at('2', false, node('w3'))).cluster).toEqual(['1', '2']))
  it('do not count when a ready endpoint has none, or none is for this zone', () => {
    expect(picked(at('1', false, zone('a')), at('2', false)).cluster).toEqual(['1', '2'])
    expect(picked(at('1', false, zone('b')), at('2', false, zone('c'))).cluster).toEqual(['1', '2'])
    expect(
      pickTargets([at('1', false, zone('b')), at('2', false, zone('c'))], { nodeName: 'w1' }).cluster,
    ).toHaveLength(2)
  })
  it('do not count for policy Local', () =>
    expect(picked(at('1', true, zone('b')), at('2', false, zone('a'))).local).toEqual(['1']))
})
