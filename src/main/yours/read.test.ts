import { expect, test } from 'vitest'
import { readYours } from './read.ts'

const good = `actions:
  - name: Events
    kinds: [Pod, apps/Deployment]
    command: [kubectl, events, --for, '\${kind}/\${metadata.name}']
    readOnly: true
columns:
  - { name: Team, kind: Pod, path: .metadata.labels.team }
links:
  - { name: Logs, kinds: ['*'], url: 'https://logs.example.com/?pod=\${metadata.name}' }
shortcuts:
  - { keys: g t, list: apps/StatefulSet }
`
const problemsOf = (text: string): string[] =>
  readYours(text).problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)

test('a good file is taken; so is an empty one', () => {
  expect(readYours(good)).toMatchObject({ yours: { actions: [{ name: 'Events' }] }, problems: [] })
  expect(readYours('')).toEqual({ yours: {}, problems: [] })
})

test('mistakes are told with line, column and path', () => {
  expect(problemsOf('actions:\n  - name: x\n    kinds: [Pod]\n    comand: [a]\n')).toEqual([
    expect.stringMatching(/^2:5 actions\[0\]\.command: is missing/),
    '4:5 actions[0].comand: there is no field "comand" here',
  ])
  expect(problemsOf('columns:\n  - name: x\n    kind: pod\n    path: .a[\n')).toEqual([
    expect.stringMatching(/^3:5 columns\[0\]\.kind: a kind, such as Pod/),
  ])
  expect(problemsOf('columns:\n  - name: x\n    kind: Pod\n    path: .a[\n')).toEqual([
    expect.stringMatching(/^4:5 columns\[0\]\.path: unexpected/),
  ])
  expect(problemsOf('a: [\n')[0]).toMatch(/^2:1 : /)
})

test('links lead to http and https alone, to a host that is written out', () => {
  const linkTo = (url: string): string[] => problemsOf(`links:\n  - name: x\n    kinds: [Pod]\n    url: '${url}'\n`)
  for (const url of [
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://${metadata.name}/',
    'https://a.${kind}/',
    '//x',
  ])
    expect(linkTo(url)).toEqual([expect.stringMatching(/^4:5 links\[0\]\.url: an address of http/)])
  expect(linkTo('http://localhost:3000/${metadata.name}')).toEqual([])
})

test('what a field could be code in is refused, and names that are there twice', () => {
  const text = `actions:
  - { name: x, kinds: [Pod], command: [python3, -c, 'print(\${metadata.name})'] }
  - { name: x, kinds: [Pod], command: [true] }
`
  expect(problemsOf(text)).toEqual([expect.stringMatching(/^3:[0-9]+ .*: Invalid input: expected string/)])
  expect(problemsOf(text.replace('[true]', "['true']"))).toEqual([
    expect.stringContaining('would run metadata.name as code'),
    expect.stringContaining('"x" is there twice'),
  ])
})

test('aliases that stand for a huge value are not followed', () => {
  const bomb = `a: &a [x, x]\n${'bcdefghi'
    .split('')
    .map((key, at) => `${key}: &${key} [${`*${'abcdefgh'[at]}, `.repeat(9)}]`)
    .join('\n')}\n`
  expect(problemsOf(bomb)).toHaveLength(1)
})
