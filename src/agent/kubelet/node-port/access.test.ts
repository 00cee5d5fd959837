import { expect, test } from 'vitest'
import { accessOf, forbiddenText } from './access.ts'

test.each([
  ['/metrics', ['metrics']],
  ['/metrics/resource', ['metrics']],
  ['/metrics/', ['metrics']],
  ['/metricsx', ['proxy']],
  ['/stats/summary', ['stats']],
  ['/logs/dockerd.log', ['log']],
  ['/checkpoint/n/p/c', ['checkpoint']],
  ['/pods', ['pods', 'proxy']],
  ['/pods/', ['pods', 'proxy']],
  ['/runningpods/', ['pods', 'proxy']],
  ['/healthz', ['healthz', 'proxy']],
  ['/healthz/ping', ['healthz', 'proxy']],
  ['/configz', ['configz', 'proxy']],
  ['/containerLogs/n/p/c', ['proxy']],
  ['/', ['proxy']],
  ['//metrics', ['proxy']],
  ['/constructor', ['proxy']],
  ['/__proto__', ['proxy']],
])('%s is allowed by %j', (path, subresources) => {
  expect(accessOf('GET', path)).toEqual({ verb: 'get', subresources })
})

test.each(['/exec/n/p/c', '/attach/n/p/c', '/portForward/n/p', '/run/n/p/c'])(
  '%s is the right to create, by whatever method',
  (path) => {
    const access = { verb: 'create', subresources: ['proxy'] }
    expect([accessOf('GET', path), accessOf('POST', path)]).toEqual([access, access])
    expect(accessOf('HEAD', path).verb).toBe('')
  },
)

test.each([
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
  ['HEAD', ''],
  ['constructor', ''],
])('%s is %s', (method, verb) => {
  expect(accessOf(method, '/metrics').verb).toBe(verb)
})

test("a denial has the kubelet's text", () => {
  expect(forbiddenText('system:serviceaccount:default:default', accessOf('GET', '/pods'))).toBe(
    'Forbidden (user=system:serviceaccount:default:default, verb=get, resource=nodes, subresource(s)=[pods proxy])',
  )
})
