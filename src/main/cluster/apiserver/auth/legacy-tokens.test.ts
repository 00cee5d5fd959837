import { beforeEach, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { objectReader } from '#test/support/object-reader.ts'
import { createSigningKey, publicKeyOf } from './certificates.ts'
import { createLegacyTokens, type LegacyTokens } from './legacy-tokens.ts'

/** Objects by `<plural>/<namespace>/<name>`. */
let objects: Map<string, object>
let tokens: LegacyTokens
let token: string

beforeEach(async () => {
  const privateKey = await createSigningKey()
  tokens = createLegacyTokens({
    privateKey,
    publicKey: publicKeyOf(privateKey),
    reader: objectReader(() => objects),
    clock: systemClock,
  })
  token = await tokens.issue({ namespace: 'dev', account: { name: 'ci', uid: 'sa-1' }, secret: 'ci-token' })
  objects = new Map<string, object>([
    ['serviceaccounts/dev/ci', { metadata: { name: 'ci', uid: 'sa-1' } }],
    ['secrets/dev/ci-token', { metadata: {}, data: { token: Buffer.from(token).toString('base64') } }],
  ])
})

it('identify their account', async () => {
  expect((await tokens.verify(token))?.user).toMatchObject({
    name: 'system:serviceaccount:dev:ci',
    uid: 'sa-1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:dev', 'system:authenticated'],
  })
})

it('become invalid when their Secret is deleted or holds another token', async () => {
  objects.set('secrets/dev/ci-token', { metadata: {}, data: { token: 'YW5vdGhlcg==' } })
  await expect(tokens.verify(token)).rejects.toThrow('invalidated')
  objects.delete('secrets/dev/ci-token')
  await expect(tokens.verify(token)).rejects.toThrow('invalidated')
})

it('become invalid when their account is deleted, even if another one has the same name', async () => {
  objects.set('serviceaccounts/dev/ci', { metadata: { name: 'ci', uid: 'sa-2' } })
  await expect(tokens.verify(token)).rejects.toThrow('UID')
  objects.delete('serviceaccounts/dev/ci')
  await expect(tokens.verify(token)).rejects.toThrow('deleted')
})

it('are valid for the API server’s audience alone, and cannot be forged', async () => {
  await expect(tokens.verify(token, ['vault'])).rejects.toThrow('audiences')
  const [head = '', , signature = ''] = token.split('.')
  const claims = Buffer.from('{"iss":"kubernetes/serviceaccount","sub":"system:admin"}').toString('base64url')
  await expect(tokens.verify(`${head}.${claims}.${signature}`)).rejects.toThrow()
  expect(await tokens.verify('nonsense')).toBeUndefined()
})
