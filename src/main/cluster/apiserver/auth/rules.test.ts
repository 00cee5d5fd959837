import { describe, expect, it } from 'vitest'
import type { PolicyRule } from './rbac-types.ts'
import { ruleAllows } from '#shared/kube/policy-rules.ts'
import { ruleText, uncoveredRules } from './rules.ts'
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

  it('matches only when verb, group and resource all match', () => {
    const held = rule(['get'], ['pods'])
    expect(allows(held, 'get', 'pods')).toBe(true)
    expect(allows(held, 'list', 'pods')).toBe(false)
    expect(allows(held, 'get', 'secrets')).toBe(false)
    expect(allows(held, 'get', 'pods', { group: 'metrics.k8s.io' })).toBe(false)
  })

  it('does not match subresources unless it names them', () => {
    const log = { subresource: 'log' }
    expect(allows(rule(['get'], ['pods']), 'get', 'pods', log)).toBe(false)
    expect(allows(rule(['get'], ['pods/log']), 'get', 'pods', log)).toBe(true)
    expect(allows(rule(['get'], ['pods/log']), 'get', 'pods')).toBe(false)
    expect(allows(rule(['get'], ['*/log']), 'get', 'pods', log)).toBe(true)
    expect(allows(rule(['get'], ['*']), 'get', 'pods', log)).toBe(true)
  })

  it('with resourceNames does not match requests without a name', () => {
    const held = rule(['get', 'list'], ['pods'], { resourceNames: ['web'] })
    expect(allows(held, 'get', 'pods', { name: 'web' })).toBe(true)
    expect(allows(held, 'get', 'pods', { name: 'db' })).toBe(false)
    expect(allows(held, 'list', 'pods')).toBe(false)
  })

  it('matches URLs exactly or by prefix', () => {
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
  it('is covered by the held rules together', () => {
    const held = [rule(['get'], ['pods', 'secrets']), rule(['list', 'watch'], ['pods'])]
    expect(uncoveredRules(held, [rule(['get', 'list'], ['pods'])])).toEqual([])
  })

  it('returns exactly the missing rules, with their verbs joined', () => {
    const missing = uncoveredRules([rule(['get'], ['pods'])], [rule(['get', 'list', 'watch'], ['pods', 'secrets'])])
    expect(missing.map(ruleText)).toEqual([
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "watch"]}',
      '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
    ])
  })

  it('with wildcards is covered by wildcards alone', () => {
    expect(uncoveredRules([rule(['get', 'list'], ['pods'])], [rule(['*'], ['pods'])])).toHaveLength(1)
    expect(uncoveredRules([rule(['*'], ['*'], { apiGroups: ['*'] })], [rule(['*'], ['pods/exec'])])).toEqual([])
  })

  it('for all objects is not covered by one for named objects', () => {
    const held = [rule(['get'], ['pods'], { resourceNames: ['web'] })]
    expect(uncoveredRules(held, [rule(['get'], ['pods'])])).toHaveLength(1)
    expect(uncoveredRules(held, [rule(['get'], ['pods'], { resourceNames: ['web'] })])).toEqual([])
  })
})
