import { expect, it } from 'vitest'
import { ApiError } from '#shared/kube/status.ts'
import { continueExpired, decodeContinue, encodeContinue } from './continue-token.ts'

it('round-trips', () => {
  const token = { revision: 42, after: 'default/web-1' }
  expect(decodeContinue(encodeContinue(token))).toEqual(token)
})

it.each(['', 'nonsense', Buffer.from('{"v":"x"}').toString('base64url')])('refuses %j with 400', (text) => {
  expect(() => decodeContinue(text)).toThrow(ApiError)
})

it('returns a token for the inconsistent remainder when it has expired', () => {
  const { status } = continueExpired('default/web-1')
  expect(status.code).toBe(410)
  expect(decodeContinue(String(status.metadata['continue']))).toEqual({ revision: -1, after: 'default/web-1' })
})
