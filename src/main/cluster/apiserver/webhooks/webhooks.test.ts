import { createServer, type Server } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { ConfigMap, MutatingWebhook, ValidatingWebhook } from '#shared/kube/generated/types.ts'
import {
  configMaps,
  mutatingWebhookConfigurations,
  namespaces,
  validatingWebhookConfigurations,
} from '#shared/kube/resources.ts'
import type { Status } from '#shared/kube/status.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { createAuthority, issueCertificate, type Authority, type CertificateRequest } from '../auth/certificates.ts'
import { kinds } from '../kinds/index.ts'
import { createWebhookCaller } from './call.ts'
import type { AdmissionRequest } from './review.ts'
import { mutatingWebhooks, validatingWebhooks } from './webhooks.ts'

type Answer = (request: AdmissionRequest) => Record<string, unknown> | 'silence'

let authority: Authority
let hooks: Server
let port: number
let answers: Record<string, Answer>
let asked: { path: string; request: AdmissionRequest }[]
let api: TestApiServer

const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }

beforeAll(async () => {
  authority = await createAuthority('hooks', validity)
  const own: CertificateRequest = { name: 'hook', usages: ['server'], hosts: ['127.0.0.1', 'hook.tools.svc'] }
  hooks = createServer(await issueCertificate(authority, own, validity), (message, response) => {
    let text = ''
    message.on('data', (chunk: Buffer) => (text += chunk.toString()))
    message.on('end', () => {
      const { request, apiVersion } = JSON.parse(text) as { request: AdmissionRequest; apiVersion: string }
      const path = new URL(message.url ?? '', 'https://hook').pathname
      asked.push({ path, request })
      const answer = answers[path]?.(request) ?? { allowed: true }
      if (answer === 'silence') return
      response.end(JSON.stringify({ apiVersion, kind: 'AdmissionReview', response: { uid: request.uid, ...answer } }))
    })
  })
  await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve))
  port = (hooks.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => hooks.close(resolve).closeAllConnections()))

beforeEach(async () => {
  answers = {}
  asked = []
  const options = {
    call: createWebhookCaller({
      dialService: async (namespace, name) => {
        if (`${namespace}/${name}` !== 'tools/hook') throw new Error(`service "${name}" not found`)
        return connect(port, '127.0.0.1')
      },
    }),
    conditionsHold: () => true,
    log: silentLog,
  }
  api = await startApiServer({ kinds, admission: [mutatingWebhooks(options), validatingWebhooks(options)] })
  await api.client.create(namespaces, { metadata: { name: 'red', labels: { color: 'red' } } })
  await api.client.create(namespaces, { metadata: { name: 'blue', labels: { color: 'blue' } } })
})
afterEach(() => api.stop())

const rule = { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }

const webhook = (path: string, more: Partial<MutatingWebhook> = {}): MutatingWebhook => ({
  name: `${path.slice(1)}.example.com`,
  rules: [rule],
  clientConfig: {
    url: `https://127.0.0.1:${port}${path}`,
    caBundle: Buffer.from(authority.cert).toString('base64'),
  },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
})

const mutating = (name: string, ...webhooks: MutatingWebhook[]) =>
  api.client.create(mutatingWebhookConfigurations, { metadata: { name }, webhooks })
const validating = (name: string, ...webhooks: ValidatingWebhook[]) =>
  api.client.create(validatingWebhookConfigurations, { metadata: { name }, webhooks })
const make = (name: string, namespace = 'red', data: Record<string, string> = {}): Promise<ConfigMap> =>
  api.client.create(configMaps, { metadata: { name, namespace }, data })
const adding =
  (key: string): Answer =>
  () => ({
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify([{ op: 'add', path: `/data/${key}`, value: 'yes' }])).toString('base64'),
  })
const refusal = (promise: Promise<unknown>): Promise<Status> =>
  promise.then(
    () => Promise.reject(new Error('it was admitted')),
    (error: unknown) => (error as { status: Status }).status,
  )

describe('a mutating webhook', () => {
  it('changes the stored object, in the order of the configurations’ names', async () => {
    answers['/one'] = adding('one')
    answers['/two'] = adding('two')
    await mutating('b', webhook('/two'))
    await mutating('a', webhook('/one'))
    expect((await make('m', 'red', { own: 'x' })).data).toEqual({ own: 'x', one: 'yes', two: 'yes' })
    expect(asked.map(({ path }) => path)).toEqual(['/one', '/two'])
    expect(asked[1]?.request.object).toMatchObject({ data: { one: 'yes' } })
  })

  it('is called again when a later one changed the object, if its reinvocationPolicy is IfNeeded', async () => {
    answers['/two'] = adding('two')
    await mutating('a', webhook('/once'), webhook('/again', { reinvocationPolicy: 'IfNeeded' }), webhook('/two'))
    await make('m', 'red', { own: 'x' })
    expect(asked.map(({ path }) => path)).toEqual(['/once', '/again', '/two', '/again'])
  })

  it('cannot set fields that the kind does not have', async () => {
    answers['/odd'] = () => ({
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify([{ op: 'add', path: '/odd', value: 1 }])).toString('base64'),
    })
    await mutating('a', webhook('/odd'))
    expect(await make('m', 'red', { a: '1' })).not.toHaveProperty('odd')
  })
})

describe('a validating webhook', () => {
  it('refuses with its own message and code', async () => {
    answers['/no'] = () => ({ allowed: false, status: { message: 'not today', code: 403, reason: 'Forbidden' } })
    await validating('v', webhook('/no'))
    expect(await refusal(make('m'))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: 'admission webhook "no.example.com" denied the request: not today',
    })
    answers['/no'] = () => ({ allowed: false })
    expect(await refusal(make('m'))).toMatchObject({
      code: 400,
      message: 'admission webhook "no.example.com" denied the request without explanation',
    })
  })

  it('receives user, operation and object', async () => {
    await validating('v', webhook('/see', { rules: [{ ...rule, operations: ['*'] }] }))
    await make('m')
    await api.client.delete(configMaps, { namespace: 'red', name: 'm' })
    expect(asked.map(({ request }) => request['operation'])).toEqual(['CREATE', 'DELETE'])
    expect(asked[0]?.request).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      name: 'm',
      namespace: 'red',
      userInfo: { username: 'kubernetes-admin' },
      object: { metadata: { name: 'm' } },
      oldObject: null,
      dryRun: false,
    })
    expect(asked[1]?.request).toMatchObject({ object: null, oldObject: { metadata: { name: 'm' } } })
  })

  it('is called only for namespaces and objects that match its selectors', async () => {
    answers['/no'] = () => ({ allowed: false })
    await validating('v', webhook('/no', { namespaceSelector: { matchLabels: { color: 'blue' } } }))
    await make('m', 'red')
    expect(await refusal(make('m', 'blue'))).toMatchObject({ code: 400 })
  })

  it('of a Service is called through the Service', async () => {
    answers['/svc'] = () => ({ allowed: false })
    const { caBundle } = webhook('/svc').clientConfig
    const service = { namespace: 'tools', name: 'hook', path: '/svc' }
    await validating('v', webhook('/svc', { clientConfig: { service, ...(caBundle ? { caBundle } : {}) } }))
    expect(await refusal(make('m'))).toMatchObject({ code: 400 })
    expect(asked).toHaveLength(1)
  })

  it('that fails refuses or admits the request, by its failure policy', async () => {
    answers['/slow'] = () => 'silence'
    await validating('v', webhook('/slow', { timeoutSeconds: 1 }))
    expect(await refusal(make('m'))).toMatchObject({
      code: 500,
      message: `Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://127.0.0.1:${port}/slow?timeout=1s": context deadline exceeded`,
    })
    await api.client.patch(
      validatingWebhookConfigurations,
      { name: 'v' },
      { type: 'json', body: [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }] },
    )
    await make('m')
  })

  it('is not called for webhook configurations', async () => {
    answers['/no'] = () => ({ allowed: false })
    const all = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }
    await validating('v', webhook('/no', { rules: [all] }))
    await api.client.delete(validatingWebhookConfigurations, { name: 'v' })
    await make('m')
  })
})

it('an invalid webhook is rejected with the paths of its invalid fields', async () => {
  const status = await refusal(
    validating('v', {
      ...webhook('/x'),
      name: 'short',
      sideEffects: 'Some',
      timeoutSeconds: 31,
      clientConfig: { url: 'http://plain' },
    }),
  )
  expect(status.details?.causes?.map(({ field }) => field)).toEqual([
    'webhooks[0].name',
    'webhooks[0].sideEffects',
    'webhooks[0].timeoutSeconds',
    'webhooks[0].clientConfig.url',
  ])
})
