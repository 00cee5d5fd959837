import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Secret } from '#shared/kube/generated/types.ts'
import { secrets, serviceAccounts } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startServiceAccountTokens } from './service-account-token.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start((context) =>
    startServiceAccountTokens(context, {
      issueToken: ({ namespace, account, secret }) => Promise.resolve(`${namespace}/${account.name}/${secret}`),
      rootCa: 'CA',
    }),
  )
})
afterEach(() => plane.stop())

const namespace = 'default'
const makeAccount = () => plane.client.create(serviceAccounts, { metadata: { name: 'ci', namespace } })
const makeSecret = (annotations: Record<string, string> = {}): Promise<Secret> =>
  plane.client.create(secrets, {
    metadata: { name: 't', namespace, annotations: { 'kubernetes.io/service-account.name': 'ci', ...annotations } },
    type: 'kubernetes.io/service-account-token',
  })
const isFilled = ({ data }: Secret): boolean => data?.['token'] !== undefined
const gone = (all: Secret[]): boolean => all.every(({ metadata }) => metadata.name !== 't')

it('fills the Secret of an account', async () => {
  const account = await makeAccount()
  await makeSecret()
  const { metadata, data = {} } = await plane.untilOne(secrets, 't', isFilled)
  expect(metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(account.metadata.uid)
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
  expect(Object.fromEntries(decoded)).toEqual({ token: 'default/ci/t', namespace: 'default', 'ca.crt': 'CA' })
})

it('deletes the Secret with its account', async () => {
  await makeAccount()
  await makeSecret()
  await plane.untilOne(secrets, 't', isFilled)
  await plane.client.delete(serviceAccounts, { namespace, name: 'ci' })
  await plane.until(secrets, gone)
})

it('deletes the Secret of an account that never was, or that had another uid', async () => {
  await makeSecret()
  await plane.until(secrets, gone)
  await makeAccount()
  await makeSecret({ 'kubernetes.io/service-account.uid': 'of-an-older-one' })
  await plane.until(secrets, gone)
})

it('leaves other Secrets alone', async () => {
  await plane.client.create(secrets, {
    metadata: { name: 'other', namespace, annotations: { 'kubernetes.io/service-account.name': 'ci' } },
  })
  await makeAccount()
  await makeSecret()
  await plane.untilOne(secrets, 't', isFilled)
  expect((await plane.client.get(secrets, { namespace, name: 'other' })).data).toBeUndefined()
})
