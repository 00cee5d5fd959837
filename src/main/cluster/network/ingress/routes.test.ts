import { describe, expect, it } from 'vitest'
import type { Ingress, IngressClass } from '#shared/kube/generated/types.ts'
import { backendFor, hostOf, isServed, knowsHost, routesOfIngress, secretFor, tableOf } from './routes.ts'

type Path = [pathType: string, path: string, service: string]
let serial = 0
function ingress(rules: Record<string, Path[]>, more: object = {}, metadata: object = {}): Ingress {
  return {
    metadata: { name: `i${++serial}`, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: {
      rules: Object.entries(rules).map(([host, paths]) => ({
        ...(host ? { host } : {}),
        http: {
          paths: paths.map(([pathType, path, name]) => ({
            pathType,
            path,
            backend: { service: { name, port: { number: 80 } } },
          })),
        },
      })),
      ...more,
    },
  }
}
const tableFor = (...all: Ingress[]) => tableOf(all.map(routesOfIngress))
const serviceFor = (host: string, path: string, ...all: Ingress[]) => backendFor(tableFor(...all), host, path)?.service

describe('paths', () => {
  // The table of examples in Kubernetes' documentation of Ingress.
  it.each([
    ['Prefix', ['/'], '/any', '/'],
    ['Exact', ['/foo'], '/foo', '/foo'],
    ['Exact', ['/foo'], '/bar', undefined],
    ['Exact', ['/foo'], '/foo/', undefined],
    ['Exact', ['/foo/'], '/foo', undefined],
    ['Prefix', ['/foo'], '/foo', '/foo'],
    ['Prefix', ['/foo'], '/foo/', '/foo'],
    ['Prefix', ['/foo/'], '/foo', '/foo/'],
    ['Prefix', ['/foo/'], '/foo/', '/foo/'],
    ['Prefix', ['/aaa/bb'], '/aaa/bbb', undefined],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbb', '/aaa/bbb'],
    ['Prefix', ['/aaa/bbb/'], '/aaa/bbb', '/aaa/bbb/'],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbb/', '/aaa/bbb'],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbb/ccc', '/aaa/bbb'],
    ['Prefix', ['/aaa/bbb'], '/aaa/bbbxyz', undefined],
    ['Prefix', ['/', '/aaa'], '/aaa/ccc', '/aaa'],
    ['Prefix', ['/', '/aaa', '/aaa/bbb'], '/aaa/bbb', '/aaa/bbb'],
    ['Prefix', ['/', '/aaa', '/aaa/bbb'], '/ccc', '/'],
    ['Prefix', ['/aaa'], '/ccc', undefined],
    ['ImplementationSpecific', ['/foo'], '/foo/bar', '/foo'],
  ])('%s %j: %s goes to %s', (type, paths, asked, expected) => {
    const rules = paths.map((path): Path => [type, path, path])
    expect(serviceFor('a.localhost', asked, ingress({ 'a.localhost': rules }))).toBe(expected)
  })

  it('of type Exact come before a prefix of the same length', () => {
    const one = ingress({
      'a.localhost': [
        ['Prefix', '/foo', 'prefix'],
        ['Exact', '/foo', 'exact'],
      ],
    })
    expect(serviceFor('a.localhost', '/foo', one)).toBe('exact')
    expect(serviceFor('a.localhost', '/foo/x', one)).toBe('prefix')
  })

  it.each(['/public/../admin', '/public/%2e%2e/admin', '/./admin'])('%s is /admin', (path) => {
    const one = ingress({
      '': [
        ['Prefix', '/public', 'public'],
        ['Prefix', '/admin', 'admin'],
      ],
    })
    expect(serviceFor('x', path, one)).toBe('admin')
  })

  it('without a path is every path', () => {
    const one = ingress({ 'a.localhost': [['ImplementationSpecific', '', 'all']] })
    expect(serviceFor('a.localhost', '/x', one)).toBe('all')
  })
})

describe('hosts', () => {
  const rules = ingress({
    'a.localhost': [['Prefix', '/only', 'exact']],
    '*.localhost': [['Prefix', '/wild', 'wildcard']],
    '': [['Prefix', '/', 'any']],
  })
  it.each([
    ['a.localhost', '/only', 'exact'],
    ['a.localhost', '/wild', 'wildcard'],
    ['b.localhost', '/wild', 'wildcard'],
    ['b.localhost', '/only', 'any'],
    ['a.b.localhost', '/wild', 'any'],
    ['localhost', '/wild', 'any'],
  ])('%s%s goes to %s', (host, path, expected) => expect(serviceFor(host, path, rules)).toBe(expected))

  it('that two Ingresses share are one host; of the same path the older Ingress wins', () => {
    const old = ingress({ 'a.localhost': [['Prefix', '/', 'old']] }, {}, { creationTimestamp: '2025-01-01T00:00:00Z' })
    const young = ingress({
      'a.localhost': [
        ['Prefix', '/', 'young'],
        ['Prefix', '/more', 'more'],
      ],
    })
    for (const all of [
      [old, young],
      [young, old],
    ]) {
      expect(serviceFor('a.localhost', '/', ...all)).toBe('old')
      expect(serviceFor('a.localhost', '/more', ...all)).toBe('more')
    }
  })

  it.each([
    ['A.localhost:8080', 'a.localhost'],
    ['a.localhost.', 'a.localhost'],
    ['[::1]:80', '::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['a b', undefined],
    ['a/b', undefined],
    ['a@b', undefined],
    ['', undefined],
    [undefined, undefined],
    ['a'.repeat(300), undefined],
  ])('%j is %j', (header, host) => expect(hostOf(header)).toBe(host))
})

it('falls back to the default backend', () => {
  const one = ingress(
    { 'a.localhost': [['Prefix', '/x', 'x']] },
    { defaultBackend: { service: { name: 'rest', port: { name: 'web' } } } },
  )
  expect(backendFor(tableFor(one), 'b.localhost', '/')).toEqual({
    namespace: 'default',
    service: 'rest',
    port: { name: 'web' },
  })
  expect(serviceFor('a.localhost', '/y', one)).toBe('rest')
  expect(serviceFor('a.localhost', '/y')).toBeUndefined()
})

it('finds the Secret of a host, exact before wildcard', () => {
  const tls = [
    { hosts: ['*.shop.localhost'], secretName: 'wild' },
    { hosts: ['a.shop.localhost'], secretName: 'exact' },
    { hosts: ['none.localhost'] },
  ]
  const table = tableFor(ingress({ 'b.localhost': [['Prefix', '/', 'b']] }, { tls }))
  expect(secretFor(table, 'a.shop.localhost')).toBe('default/exact')
  expect(secretFor(table, 'b.shop.localhost')).toBe('default/wild')
  expect(secretFor(table, 'none.localhost')).toBeUndefined()
  expect([knowsHost(table, 'b.localhost'), knowsHost(table, 'x.localhost')]).toEqual([true, false])
})

describe('the class of an Ingress', () => {
  const ingressClass = (name: string, controller: string, isDefault = false): IngressClass => ({
    metadata: {
      name,
      ...(isDefault ? { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } } : {}),
    },
    spec: { controller },
  })
  const own = ingressClass('slipway', 'slipway.dev/ingress', true)
  const other = ingressClass('nginx', 'k8s.io/ingress-nginx')
  const of = (spec: object, annotations?: object): Ingress =>
    ({ metadata: { name: 'x', namespace: 'default', annotations }, spec }) as Ingress
  it.each([
    [of({ ingressClassName: 'slipway' }), true],
    [of({ ingressClassName: 'nginx' }), false],
    [of({ ingressClassName: 'gone' }), false],
    [of({}), true],
    [of({}, { 'kubernetes.io/ingress.class': 'nginx' }), false],
    [of({}, { 'kubernetes.io/ingress.class': 'slipway' }), true],
  ])('%#', (one, served) => expect(isServed(one, [own, other])).toBe(served))

  it('is not assumed while slipway is no default', () => {
    expect(isServed(of({}), [ingressClass('slipway', 'slipway.dev/ingress'), other])).toBe(false)
  })
})
