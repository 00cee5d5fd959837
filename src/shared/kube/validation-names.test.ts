import { describe, expect, it } from 'vitest'
import {
  configKeyProblems,
  envNameProblems,
  ipFamily,
  label1035Problems,
  labelProblems,
  labelValueProblems,
  pathSegmentProblems,
  percentProblems,
  portNameProblems,
  portProblems,
  qualifiedNameProblems,
  subdomainProblems,
  wildcardProblems,
  type NameCheck,
} from './validation-names.ts'

describe.each<[string, NameCheck, string[], string[]]>([
  [
    'subdomain',
    subdomainProblems,
    ['a', 'a.b-c', '1', 'a'.repeat(253)],
    ['', 'A', '-a', 'a-', 'a..b', 'a_b', 'a'.repeat(254)],
  ],
  ['wildcard', wildcardProblems, ['*.a', '*.a.b'], ['*', '*.*.a', '*a', 'a.*', 'a', '*.A']],
  ['label', labelProblems, ['a', '1-2', 'a'.repeat(63)], ['', 'a.b', 'a-', 'A', 'a'.repeat(64)]],
  ['RFC 1035 label', label1035Problems, ['a', 'a1'], ['1a', 'a.b', '']],
  [
    'qualified name',
    qualifiedNameProblems,
    ['a', 'A_b.c', 'example.com/a'],
    ['', '/a', 'a/', 'a/b/c', '-a', 'Ex.com/a'],
  ],
  ['label value', labelValueProblems, ['', 'a', 'A_b.c-1'], ['-a', 'a b', 'a/b', 'a'.repeat(64)]],
  ['config key', configKeyProblems, ['a', 'A.b_c', '.a'], ['', '.', '..', '..a', 'a/b', 'a b']],
  ['environment name', envNameProblems, ['A', 'a-b.c', '1A', 'a b'], ['', 'a=b', 'ä']],
  ['port name', portNameProblems, ['http', 'a-1'], ['', '80', 'a--b', '-a', 'UPPER', 'a'.repeat(16)]],
  ['path segment', pathSegmentProblems, ['a:b', 'System.X'], ['.', '..', 'a/b', 'a%b']],
  ['percent', percentProblems, ['0%', '25%'], ['25', '-1%', '%']],
])('%s', (_, problems, good, bad) => {
  it.each(good)('accepts %j', (value) => {
    expect(problems(value)).toEqual([])
  })
  it.each(bad)('refuses %j', (value) => {
    expect(problems(value)).not.toEqual([])
  })
})

it('has Kubernetes’ wording', () => {
  expect(subdomainProblems('A')).toEqual([
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ])
  expect(labelProblems('a.b')).toEqual(['must not contain dots'])
  expect(labelProblems('a'.repeat(64))).toEqual(['must be no more than 63 characters'])
  expect(labelValueProblems('a b')).toEqual([
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ])
  expect(portProblems(0)).toEqual(['must be between 1 and 65535, inclusive'])
})

it.each([
  ['10.0.0.1', 'IPv4'],
  ['256.0.0.1', undefined],
  ['10.0.0', undefined],
  ['010.0.0.1', undefined],
  ['::', 'IPv6'],
  ['fd00::1', 'IPv6'],
  ['1:2:3:4:5:6:7:8', 'IPv6'],
  ['1:2:3', undefined],
  ['1::2::3', undefined],
  ['::ffff:10.0.0.1', 'IPv6'],
])('returns the family of %s', (text, family) => {
  expect(ipFamily(text)).toBe(family)
})
