import { describe, expect, it } from 'vitest'
import type { HTTPIngressPath, IngressBackend, IngressSpec } from '#shared/kube/generated/types.ts'
import { ingress } from './ingress.ts'

const problems = (spec: IngressSpec): string[] =>
  (ingress.validate?.({ metadata: { name: 'i' }, spec }) ?? []).map(({ field, message }) => `${field}: ${message}`)
const service: IngressBackend = { service: { name: 's', port: { number: 80 } } }
const ofPath = (path: Partial<HTTPIngressPath>): string[] =>
  problems({
    rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: service, ...path }] } }],
  })
const at = 'spec.rules[0].http.paths[0]'
const wildcard =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

describe('an ingress is refused', () => {
  it('for a path without a type, of which nothing else is said', () => {
    const paths = [{ path: 'x', backend: {} }] as HTTPIngressPath[]
    expect(problems({ rules: [{ http: { paths } }] })).toEqual([
      `${at}.pathType: Required value: pathType must be specified`,
    ])
  })

  it('for one with an empty type, which is one that nobody knows', () => {
    expect(ofPath({ pathType: '', path: 'x', backend: {} })).toEqual([
      `${at}.pathType: Unsupported value: "": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
      `${at}.backend: Invalid value: "": resource or service backend is required`,
    ])
  })

  it.each<[string, string, string[]]>([
    ['Exact', 'x', ['must be an absolute path']],
    ['ImplementationSpecific', 'x', ['must be an absolute path']],
    ['ImplementationSpecific', '', []],
    ['ImplementationSpecific', '/a//b/..', []],
    ['Prefix', '/a//b/./c', ["must not contain '//'", "must not contain '/./'"]],
    ['Prefix', '/a/..', ["cannot end with '/..'"]],
    ['Exact', '/a/.', ["cannot end with '/.'"]],
  ])('for what is no path: %s %s', (pathType, path, expected) => {
    expect(ofPath({ pathType, path })).toEqual(
      expected.map((why) => `${at}.path: Invalid value: ${JSON.stringify(path)}: ${why}`),
    )
  })

  it.each<[IngressBackend, string[]]>([
    [
      { ...service, resource: { kind: '', name: '' } },
      [': Invalid value: "": cannot set both resource and service backends'],
    ],
    [{}, [': Invalid value: "": resource or service backend is required']],
    [
      { resource: { apiGroup: 'A', kind: 'a/b', name: '' } },
      [
        expect.stringContaining('.resource.apiGroup: Invalid value: "A"') as string,
        '.resource.kind: Invalid value: "a/b": may not contain \'/\'',
        '.resource.name: Required value',
      ],
    ],
    [{ resource: { apiGroup: 'a.b', kind: 'Bucket', name: 'b' } }, []],
  ])('for a backend that is none: %j', (backend, expected) => {
    const found = problems({ defaultBackend: backend }).map((text) => text.replace('spec.defaultBackend', ''))
    expect(found).toEqual(expected)
  })

  it('for a wildcard that is not first and alone', () => {
    const rules = (host: string): IngressSpec => ({
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: service }] } }],
    })
    expect(problems(rules('*.a.b'))).toEqual([])
    expect(problems(rules('*.*.a'))).toEqual([`spec.rules[0].host: Invalid value: "*.*.a": ${wildcard}`])
    expect(problems({ defaultBackend: service, tls: [{ hosts: ['a*'] }] })).toEqual([
      `spec.tls[0].hosts[0]: Invalid value: "a*": ${wildcard}`,
    ])
  })
})
