import { expect, test } from 'vitest'
import { createOidcTokens, type Fetch } from './oidc.ts'

const now = Date.parse('2026-01-01')
const clock = { now: () => now, setTimeout: () => () => undefined } as never
const tokenUntil = (ms: number, name = 'a'): string =>
  ['{}', JSON.stringify({ exp: ms / 1_000, name }), name]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')

const config = {
  'idp-issuer-url': 'https://issuer.example/',
  'client-id': 'me',
  'client-secret': 's',
  'refresh-token': 'first',
}

function issuer(answers: string[]): { fetch: Fetch; asked: [url: string, body: string | undefined][] } {
  const asked: [string, string | undefined][] = []
  const fetch: Fetch = (url, { body }) => {
    asked.push([url.href, body])
    return Promise.resolve(answers.shift() ?? '')
  }
  return { fetch, asked }
}
const discovered = JSON.stringify({ token_endpoint: 'https://issuer.example/token' })

test('a token that is still good is used without a request', async () => {
  const { fetch, asked } = issuer([])
  const token = tokenUntil(now + 60_000)
  expect(await createOidcTokens({ config: { ...config, 'id-token': token }, clock, fetch }).token()).toBe(token)
  expect(asked).toEqual([])
})

test('an expired one is refreshed once, the issuer’s new refresh token is used next, and the refusal of an older one is past', async () => {
  const next = tokenUntil(now + 60_000, 'b')
  const answer = JSON.stringify({ id_token: next, refresh_token: 'second' })
  const { fetch, asked } = issuer([discovered, answer, discovered, answer])
  const tokens = createOidcTokens({ config: { ...config, 'id-token': tokenUntil(now) }, clock, fetch })
  expect(await Promise.all([tokens.token(), tokens.token()])).toEqual([next, next])
  expect(asked).toEqual([
    ['https://issuer.example/.well-known/openid-configuration', undefined],
    ['https://issuer.example/token', 'grant_type=refresh_token&refresh_token=first&client_id=me'],
  ])
  tokens.refused(tokenUntil(now))
  await tokens.token()
  expect(asked).toHaveLength(2)
  tokens.refused(next)
  await tokens.token()
  expect(asked.at(-1)?.[1]).toContain('refresh_token=second')
})

test('without a refresh token, and with an answer that is none, it says to sign in, and quotes nothing', async () => {
  await expect(createOidcTokens({ config: {}, clock }).token()).rejects.toThrow('sign in again')
  const { fetch } = issuer([discovered, '{"error": "a-secret"}'])
  const failed = createOidcTokens({ config, clock, fetch }).token()
  await expect(failed).rejects.toThrow('something else than tokens')
  await expect(failed).rejects.not.toThrow('a-secret')
})
