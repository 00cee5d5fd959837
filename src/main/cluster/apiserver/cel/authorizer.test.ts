import { expect, it } from 'vitest'
import type { AuthorizationAttributes } from '../api/access.ts'
import { authorizerType, authorizerValue } from './authorizer.ts'
import { compile } from './compile.ts'

const user = { name: 'alice', groups: [] }
const request = { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'team', name: 'web' }

function ask(expression: string): { value: unknown; asked: AuthorizationAttributes[] } {
  const asked: AuthorizationAttributes[] = []
  const authorize = (attributes: AuthorizationAttributes) => {
    asked.push(attributes)
    if (attributes.verb === 'explode') throw new Error('the roles are gone')
    return { allowed: attributes.verb === 'get', reason: 'because' }
  }
  const value = compile(expression, { authorizer: authorizerType }).evaluate({
    authorizer: authorizerValue({ authorize }, user, request),
  })
  return { value, asked }
}

it('checks a resource by the attributes that are set', () => {
  const { value, asked } = ask(
    "authorizer.group('').resource('pods').subresource('log').namespace('team').name('web').check('get').allowed()",
  )
  expect(value).toBe(true)
  expect(asked).toMatchObject([
    { user, resourceRequest: true, verb: 'get', group: '', resource: 'pods', subresource: 'log', namespace: 'team' },
  ])
})

it('checks a path and the resource of the request', () => {
  expect(ask("authorizer.path('/metrics').check('post').allowed()")).toMatchObject({
    value: false,
    asked: [{ resourceRequest: false, path: '/metrics', verb: 'post' }],
  })
  expect(ask("authorizer.requestResource.check('get').reason()")).toMatchObject({
    value: 'because',
    asked: [{ ...request, user }],
  })
})

it('checks for a service account instead of the user', () => {
  const { asked } = ask("authorizer.serviceAccount('team', 'robot').path('/x').check('get')")
  expect(asked[0]?.user).toMatchObject({ name: 'system:serviceaccount:team:robot' })
  expect(asked[0]?.user.groups).toContain('system:serviceaccounts:team')
  expect(() => ask("authorizer.serviceAccount('no/team', 'robot')")).toThrow('Invalid service account namespace')
  expect(() => ask("authorizer.serviceAccount('team', 'No')")).toThrow('Invalid service account name')
})

it('denies with the error when the check fails', () => {
  expect(ask("authorizer.path('/x').check('explode').allowed()").value).toBe(false)
  expect(ask("authorizer.path('/x').check('explode').errored()").value).toBe(true)
  expect(ask("authorizer.path('/x').check('explode').error()").value).toBe('the roles are gone')
  expect(ask("authorizer.path('/x').check('get').error()").value).toBe('')
})

it('rejects invalid expressions at compile time', () => {
  expect(() => ask("authorizer.group('').check('get')")).toThrow('no matching overload')
  expect(() => ask("authorizer.path('').check('get')")).toThrow('path must not be empty')
})
