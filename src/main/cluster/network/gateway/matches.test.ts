import { describe, expect, it } from 'vitest'
import { byRank, compileGrpcMatch, compileHttpMatch, type MatchedRequest } from './matches.ts'

const request = (target: string, more: Partial<MatchedRequest> = {}): MatchedRequest => {
  const [path = '', query = ''] = target.split('?')
  return { method: 'GET', path, query: new URLSearchParams(query), headers: {}, ...more }
}

describe('HTTP', () => {
  it.each([
    ['PathPrefix', '/', '/any', true],
    ['PathPrefix', '/foo', '/foo', true],
    ['PathPrefix', '/foo/', '/foo', true],
    ['PathPrefix', '/foo', '/foo/bar', true],
    ['PathPrefix', '/foo', '/foobar', false],
    ['PathPrefix', '/admin', '/x/../admin', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/foo/', false],
    ['RegularExpression', '/v[0-9]+/.*', '/v12/x', true],
    ['RegularExpression', '/v[0-9]+', '/v1/x', false],
  ] as const)('%s %s: %s → %s', (type, value, path, expected) => {
    expect(compileHttpMatch({ path: { type, value } }).test(request(path))).toBe(expected)
  })

  it('needs all of method, headers and query', () => {
    const match = compileHttpMatch({
      method: 'POST',
      headers: [{ name: 'X-Version', value: 'two' }],
      queryParams: [{ name: 'q', value: 'a+', type: 'RegularExpression' }],
    })
    const good = { method: 'POST', headers: { 'x-version': 'two' } }
    expect(match.test(request('/?q=aaa', good))).toBe(true)
    expect(match.test(request('/?q=b', good))).toBe(false)
    expect(match.test(request('/?q=a', { ...good, method: 'GET' }))).toBe(false)
    expect(match.test(request('/?q=a', { method: 'POST', headers: {} }))).toBe(false)
  })

  it('ranks Exact, then the longest path, then a method, then headers, then query parameters', () => {
    const ordered = [
      compileHttpMatch({ path: { type: 'Exact', value: '/a' } }),
      compileHttpMatch({ path: { type: 'PathPrefix', value: '/a/b' } }),
      compileHttpMatch({ path: { type: 'PathPrefix', value: '/a' }, method: 'GET' }),
      compileHttpMatch({
        headers: [
          { name: 'a', value: '1' },
          { name: 'b', value: '1' },
        ],
      }),
      compileHttpMatch({ headers: [{ name: 'a', value: '1' }], queryParams: [{ name: 'q', value: '1' }] }),
      compileHttpMatch({ headers: [{ name: 'a', value: '1' }] }),
      compileHttpMatch({}),
    ]
    expect([...ordered].reverse().sort(byRank)).toEqual(ordered)
  })

  it('says what is wrong with an expression', () => {
    expect(() => compileHttpMatch({ path: { type: 'RegularExpression', value: '(' } })).toThrow(/missing closing/)
  })
})

describe('gRPC', () => {
  const grpc = { headers: { 'content-type': 'application/grpc' }, method: 'POST' }
  it('matches service and method, of gRPC alone', () => {
    const match = compileGrpcMatch({ method: { service: 'a.B', method: 'C' } })
    expect(match.test(request('/a.B/C', grpc))).toBe(true)
    expect(match.test(request('/a.B/D', grpc))).toBe(false)
    expect(match.test(request('/a.B/C'))).toBe(false)
    expect(compileGrpcMatch({}).test(request('/x.Y/Z', grpc))).toBe(true)
  })
})
