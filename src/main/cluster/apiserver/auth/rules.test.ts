import { describe, expect, it } from 'vitest'
import type { PolicyRule } from './rbac-types.ts'
import { ruleAllows, ruleText, uncoveredRules } from './rules.ts'
import type { ResourceAttributes } from '../api/access.ts'

const attributes = (verb: string, resource: string, over: Partial<ResourceAttributes> = {}): ResourceAttributes => ({
  user: { name: 'alice', groups: [] },
  resourceRequest: true,
  verb,
  group: '',
  version: 'v1',
  resource,
  subresource: '',
  namespace: 'default',
  name: '',
  ...over,
})
const rule = (verbs: string[], resources: string[], over: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources,
  ...over,
})

describe('a rule', () => {
  const allows = (held: PolicyRule, verb: string, resource: string, over?: Partial<ResourceAttributes>): boolean =>
    ruleAllows(held, attributes(verb, resource, over))

  it('needs verb, group and resource all at once', () => {
    const held = rule(['get'], ['pods'])
    expect(allows(held, 'get', 'pods')).toBe(true)
    expect(allows(held, 'list', 'pods')).toBe(false)
    expect(allows(held, 'get', 'secrets')).toBe(false)
    expect(allows(held, 'get', 'pods', { group: 'metrics.k8s.io' })).toBe(false)
  })

  it('does not include subresources unless it names them', () => {
    const log = { subresource: 'log' }
    expect(allows(rule(['get'], ['pods']), 'get', 'pods', log)).toBe(false)
    expect(allows(rule(['get'], ['pods/log']), 'get', 'pods', log)).toBe(true)
    expect(allows(rule(['get'], ['pods/log']), 'get', 'pods')).toBe(false)
    expect(allows(rule(['get'], ['*/log']), 'get', 'pods', log)).toBe(true)
    expect(allows(rule(['get'], ['*']), 'get', 'pods', log)).toBe(true)
  })

  it('with names allows nothing that has none', () => {
    const held = rule(['get', 'list'], ['pods'], { resourceNames: ['web'] })
    expect(allows(held, 'get', 'pods', { name: 'web' })).toBe(true)
    expect(allows(held, 'get', 'pods', { name: 'db' })).toBe(false)
    expect(allows(held, 'list', 'pods')).toBe(false)
  })

  it('names paths exactly or by what they begin with', () => {
    const path = (verb: string, path: string) =>
      ({ user: { name: 'a', groups: [] }, resourceRequest: false, verb, path }) as const
    const held: PolicyRule = { verbs: ['get'], nonResourceURLs: ['/healthz', '/apis/*'] }
    expect(ruleAllows(held, path('get', '/healthz'))).toBe(true)
    expect(ruleAllows(held, path('get', '/healthz/etcd'))).toBe(false)
    expect(ruleAllows(held, path('get', '/apis/apps'))).toBe(true)
    expect(ruleAllows(held, path('post', '/healthz'))).toBe(false)
  })
})

describe('granting', () => {
  it('is covered by what is held, in whatever rules it is spread', () => {
    const held = [rule(['get'], ['pods', 'secrets']), rule(['list', 'watch'], ['pods'])]
    expect(uncoveredRules(held, [rule(['get', 'list'], ['pods'])])).toEqual([])
  })

  it('names exactly what is missing, verbs joined', () => {
    const missing = uncoveredRules([rule(['get'], ['pods'])], [rule(['get', 'list', 'watch'], ['pods', 'secrets'])])
    expect(missing.map(ruleText)).toEqual([
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "watch"]}',
      '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
    ])
  })

  it('of everything needs everything', () => {
    expect(uncoveredRules([rule(['get', 'list'], ['pods'])], [rule(['*'], ['pods'])])).toHaveLength(1)
    expect(uncoveredRules([rule(['*'], ['*'], { apiGroups: ['*'] })], [rule(['*'], ['pods/exec'])])).toEqual([])
  })

  it('of all objects is more than of the named one', () => {
    const held = [rule(['get'], ['pods'], { resourceNames: ['web'] })]
    expect(uncoveredRules(held, [rule(['get'], ['pods'])])).toHaveLength(1)
    expect(uncoveredRules(held, [rule(['get'], ['pods'], { resourceNames: ['web'] })])).toEqual([])
  })
})
