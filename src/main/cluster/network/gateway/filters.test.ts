import { describe, expect, it } from 'vitest'
import { locationOf, modifiedPath, modifyHeaders } from './filters.ts'

it('sets, adds and removes headers', () => {
  const headers = { 'x-a': '1', 'x-b': '1', 'x-c': '1', 'set-cookie': ['a=1'] }
  modifyHeaders(headers, {
    set: [{ name: 'X-A', value: '2' }],
    add: [
      { name: 'X-B', value: '2' },
      { name: 'Set-Cookie', value: 'b=2' },
      { name: 'X-New', value: 'n' },
    ],
    remove: ['X-C'],
  })
  expect(headers).toEqual({ 'x-a': '2', 'x-b': '1,2', 'set-cookie': ['a=1', 'b=2'], 'x-new': 'n' })
})

it.each([
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo', '/foo', '/', '/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo', '', '/xyz', '/xyz/foo'],
])('replaces the prefix of %s', (path, prefix, replacePrefixMatch, expected) => {
  expect(modifiedPath(path, { type: 'ReplacePrefixMatch', replacePrefixMatch }, prefix)).toBe(expected)
})

describe('redirects', () => {
  const request = { encrypted: false, host: 'shop.localhost', path: '/a', search: '?q=1', port: 4_000 }
  const more = { prefix: '', listenerPorts: new Set([80, 443]) }
  it('keeps what is not named, at the port of the host', () => {
    expect(locationOf({ scheme: 'https' }, request, more)).toBe('https://shop.localhost:4000/a?q=1')
    expect(locationOf({ scheme: 'https', port: 443 }, request, more)).toBe('https://shop.localhost:4000/a?q=1')
    expect(locationOf({ port: 8_080 }, request, more)).toBe('http://shop.localhost:8080/a?q=1')
  })
  it('leaves the ports of other hosts alone', () => {
    expect(locationOf({ hostname: 'example.org', scheme: 'https' }, request, more)).toBe('https://example.org/a?q=1')
    expect(locationOf({ path: { type: 'ReplaceFullPath', replaceFullPath: '/b' } }, request, more)).toBe(
      'http://shop.localhost:4000/b?q=1',
    )
  })
})
