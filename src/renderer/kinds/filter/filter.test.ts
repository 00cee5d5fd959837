import { describe, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pod } from '../core/pod.ts'
import { columnsOf } from '../rows.ts'
import { completeFilter } from './complete.ts'
import { dependsOnTime, isKeyOf, matchOf } from './match.ts'
import { amountOf, parseFilter, quotedValue, withoutWord } from './parse.ts'

const now = Date.parse('2026-11-23T10:00:00Z')
const fields = { columns: columnsOf(pod) }
const parse = (text: string) => parseFilter(text, isKeyOf(fields))

interface PodFacts {
  minutes?: number
  node?: string
  waiting?: string
  restarts?: number
  labels?: Record<string, string>
}
const makePod = (
  namespace: string,
  name: string,
  { minutes = 60, node = 'w1', waiting = '', restarts = 0, labels = {} }: PodFacts = {},
): Stored<Pod> => ({
  metadata: {
    name,
    namespace,
    labels,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: new Date(now - minutes * 60_000).toISOString(),
  },
  spec: { containers: [{ name: 'c' }], nodeName: node },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: waiting ? 'False' : 'True' }],
    containerStatuses: [
      {
        name: 'c',
        image: '',
        imageID: '',
        ready: !waiting,
        restartCount: restarts,
        state: waiting ? { waiting: { reason: waiting } } : { running: {} },
      },
    ],
  },
})
const pods = [
  makePod('shop', 'web-1', { labels: { app: 'web', tier: 'front' } }),
  makePod('shop', 'web-2', { labels: { app: 'web', tier: 'front' }, minutes: 2, node: 'w2' }),
  makePod('shop', 'api-1', { labels: { app: 'api', tier: 'back' }, waiting: 'CrashLoopBackOff', restarts: 14 }),
  makePod('shop-jobs', 'mail 1', { waiting: 'ImagePullBackOff', node: 'w2', minutes: 3_000 }),
  makePod('kube-system', 'dns', { labels: { 'k8s-app': 'dns', note: 'a,b' } }),
]
const found = (text: string): string[] => {
  const match = matchOf(parse(text), fields)
  return pods.filter((each) => match(each, now)).map(({ metadata }) => metadata.name)
}

describe('matches', () => {
  test.each([
    ['', ['web-1', 'web-2', 'api-1', 'mail 1', 'dns']],
    ['web', ['web-1', 'web-2']],
    ['WEB 2', ['web-2']],
    ['web,api', ['web-1', 'web-2', 'api-1']],
    ['-web', ['api-1', 'mail 1', 'dns']],
    ['−web', ['api-1', 'mail 1', 'dns']],
    ['-web,api', ['mail 1', 'dns']],
    ['"mail 1"', ['mail 1']],
    ['name:"mail 1"', ['mail 1']],
    ['ns:shop', ['web-1', 'web-2', 'api-1']],
    ['namespace:shop,kube-system -web', ['api-1', 'dns']],
    ['status:crash', ['api-1']],
    ['status:image', ['mail 1']],
    ['status:unhealthy', ['api-1', 'mail 1']],
    ['-status:healthy', ['api-1', 'mail 1']],
    ['status:running node:w2', ['web-2']],
    ['worker:w2', ['web-2', 'mail 1']],
    ['app=web', ['web-1', 'web-2']],
    ['app=web,api tier=back', ['api-1']],
    ['app!=web', ['api-1', 'mail 1', 'dns']],
    ['-app=', ['mail 1', 'dns']],
    ['app=', ['web-1', 'web-2', 'api-1']],
    ['app=we', []],
    ['note="a,b"', ['dns']],
    ['age<5m', ['web-2']],
    ['age>=1d', ['mail 1']],
    ['restarts>3', ['api-1']],
    ['restarts<=3 app=api', []],
    ['status:crash node:w1 app=api age<2h -ns:kube-system', ['api-1']],
  ])('%s', (text, names) => expect(found(text)).toEqual(names))

  test('a colon in a word that names no column is a part of the word', () => {
    expect(parse('nginx:1.29').words).toMatchObject([{ values: ['nginx:1.29'] }])
    expect(parse('toString:x').words).toMatchObject([{ values: ['toString:x'] }])
  })
  test('labels are looked for as they are written, and nowhere else', () => {
    expect(found('constructor=')).toEqual([])
    expect(found('App=web')).toEqual([])
  })
  test('only ages depend on the time', () => {
    expect(dependsOnTime(parse('age<5m'), fields)).toBe(true)
    expect(dependsOnTime(parse('restarts>3 web'), fields)).toBe(false)
  })
})

describe('bad input', () => {
  test.each([
    ['"web', 'quote', '"web'],
    ['app="web api', 'quote', 'app="web api'],
    ['status:', 'value', 'status:'],
    ['age<', 'value', 'age<'],
    ['age<soon', 'amount', 'age<soon'],
    ['restarts>many', 'amount', 'restarts>many'],
  ])('%s is said to be so, and the other words hold', (text, kind, word) => {
    const filter = parse(`app=web ${text}`)
    expect(filter.problem).toEqual({ kind, word })
    expect(filter.words.map((each) => each.text)).toEqual(['app=web'])
  })
  test.each([['-'], ['=x'], ['!=x'], ['::'], [',,'], ['\\'], ['-"'], ['"" ""'], ['<'], [':"'], ['a"b c"d']])(
    '%j is survived',
    (text) => expect(() => found(text)).not.toThrow(),
  )
})

test.each([
  ['5m', { ms: 300_000 }],
  ['1h30m', { ms: 5_400_000 }],
  ['1.5d', { ms: 129_600_000 }],
  ['3', { number: 3 }],
  ['1Gi', { number: 2 ** 30 }],
  ['5x', undefined],
  ['', undefined],
])('amount %s', (text, amount) => expect(amountOf(text)).toEqual(amount))

test('values are quoted so that they are read as themselves', () => {
  for (const value of ['plain', 'two words', 'a,b', 'say "hi"', 'back\\slash "x"', ''])
    expect(parse(`name:${quotedValue(value)}`).words[0]?.values ?? ['']).toEqual([value])
})

test('words know their place and can be taken out', () => {
  const text = ' app=web  "two words" -ns:x '
  const { words } = parse(text)
  expect(words.map(({ start, end }) => text.slice(start, end))).toEqual(['app=web', '"two words"', '-ns:x'])
  expect(withoutWord(text, words[1] ?? { start: 0, end: 0 })).toBe('app=web -ns:x')
})

describe('completion', () => {
  const complete = (text: string) => completeFilter(text, text.length, fields, pods, now)
  const shown = (text: string) => complete(text).choices.map(({ label, count }) => `${label} ${count ?? ''}`.trim())

  test('keys of columns and labels', () => {
    expect(shown('s')).toEqual(['status:', 'k8s-app= 1'])
    expect(shown('ag')).toEqual(['age<'])
    expect(shown('ti')).toEqual(['tier= 3'])
    expect(shown('-n')).toEqual(['name:', 'ns:', 'node:', 'note= 1'])
  })
  test('values with their counts among what the other words leave', () => {
    expect(shown('status:')).toEqual([
      'crash 1',
      'image 1',
      'healthy 3',
      'unhealthy 2',
      'Running 3',
      'CrashLoopBackOff 1',
      'ImagePullBackOff 1',
    ])
    expect(shown('app=web ns:')).toEqual(['shop 2'])
    expect(shown('app=')).toEqual(['web 2', 'api 1'])
    expect(shown('app=web,a')).toEqual(['api 1'])
    expect(shown('age<')).toEqual(['5m', '1h', '1d', '7d'])
  })
  test('tones come with states', () => expect(complete('status:crash').choices[0]?.tone).toBe('bad'))
  test('a choice takes the place of what is typed', () => {
    const text = 'ns:shop -app=web,a'
    const { start, end, choices } = complete(text)
    expect(text.slice(0, start) + (choices[0]?.text ?? '') + text.slice(end)).toBe('ns:shop -app=web,api')
  })
})
