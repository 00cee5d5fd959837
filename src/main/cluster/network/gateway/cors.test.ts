import { describe, expect, test } from 'vitest'
import { isPreflight, preflightAnswer, shareResponse } from './cors.ts'

const preflight = (origin: string, headers?: string) => ({
  origin,
  'access-control-request-method': 'PUT',
  ...(headers ? { 'access-control-request-headers': headers } : {}),
})

test('a preflight is an OPTIONS request of another origin that names a method', () => {
  expect(isPreflight('OPTIONS', preflight('https://a.example'))).toBe(true)
  expect(isPreflight('OPTIONS', { origin: 'https://a.example' })).toBe(false)
  expect(isPreflight('PUT', preflight('https://a.example'))).toBe(false)
})

describe('the answer of a preflight', () => {
  test('lists what is allowed, for origins that are', () => {
    const cors = {
      allowOrigins: ['https://www.a.example', 'https://*.b.example'],
      allowMethods: ['GET', 'PUT'],
      allowHeaders: ['X-One', 'X-Two'],
      maxAge: 60,
    }
    const allowed = {
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'X-One, X-Two',
      'access-control-max-age': '60',
      vary: 'Origin',
    }
    for (const origin of ['https://www.a.example', 'https://x.b.example', 'https://x.y.b.example'])
      expect(preflightAnswer(cors, preflight(origin))).toEqual({ ...allowed, 'access-control-allow-origin': origin })
    for (const origin of [
      'http://www.a.example',
      'https://a.example',
      'https://b.example',
      'https://xb.example',
      'null',
    ])
      expect(preflightAnswer(cors, preflight(origin))).toEqual({})
  })

  test('has wildcards, which become what was asked for with credentials', () => {
    const cors = { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'] }
    expect(preflightAnswer(cors, preflight('https://a.example', 'x-one'))).toEqual({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': '*',
      'access-control-allow-headers': '*',
      'access-control-max-age': '5',
    })
    expect(preflightAnswer({ ...cors, allowCredentials: true }, preflight('https://a.example', 'x-one'))).toEqual({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'x-one',
      'access-control-max-age': '5',
      vary: 'Origin',
    })
  })
})

test('a response has the headers of the filter, not those of its back end', () => {
  const answer = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'x-own', 'x-other': '1' }
  const cors = { allowOrigins: ['https://a.example'], exposeHeaders: ['X-One'] }
  const shared: Record<string, string> = { ...answer }
  shareResponse(shared, cors, 'https://a.example')
  expect(shared).toEqual({
    'access-control-allow-origin': 'https://a.example',
    'access-control-expose-headers': 'X-One',
    vary: 'Origin',
    'x-other': '1',
  })
  const refused: Record<string, string> = { ...answer }
  shareResponse(refused, cors, 'https://b.example')
  expect(refused).toEqual({ 'x-other': '1' })
})
