import { afterAll, expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { define, definitionsPath, simpleDefinition } from '../support/custom-resources.ts'
import { startPodServer } from '../support/pod-server.ts'
import { removeAfterwards, serverWithWorkers, uniqueName } from '../support/server.ts'
import {
  denied,
  inForce,
  marker,
  noLongerInForce,
  register,
  registrationPath,
  rule,
  webhook,
  type Registering,
} from '../support/webhooks.ts'
import { isReady, podUntil, podWith } from '../support/workloads.ts'

const { api, kubectl, namespace: newNamespace } = await serverWithWorkers()
const server = await startPodServer(api, 'webhooks')
afterAll(() => server.remove())

interface Place extends Registering {
  core: string
  configMaps: string
}
const place = async (): Promise<Place> => {
  const namespace = await newNamespace()
  const core = `/api/v1/namespaces/${namespace}`
  return { server, namespace, core, configMaps: `${core}/configmaps` }
}

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents [Conformance]', async () => {
  const group = 'admissionregistration.k8s.io'
  const version = { groupVersion: `${group}/v1`, version: 'v1' }
  const { groups } = await api.get('/apis')
  expect(groups.find(({ name }: Wire) => name === group).versions).toContainEqual(version)
  expect((await api.get(`/apis/${group}`)).versions).toContainEqual(version)
  const names = (await api.get(`/apis/${group}/v1`)).resources.map(({ name }: Wire) => name)
  expect(names).toEqual(expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']))
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation [Conformance]', async () => {
  const here = await place()
  const { core, configMaps, namespace } = here
  await register(api, 'validating', here, [
    webhook(here, '/pods', [rule(['CREATE', 'UPDATE'], 'pods')], { timeoutSeconds: 2 }),
    webhook(here, '/config-maps', [rule(['CREATE', 'UPDATE'], 'configmaps')], {
      namespaceSelector: {
        matchExpressions: [
          { key: 'of-webhook-case', operator: 'In', values: [namespace] },
          { key: 'exempt', operator: 'DoesNotExist' },
        ],
      },
    }),
  ])
  await api.patch(core, { metadata: { labels: { 'of-webhook-case': namespace } } })

  const pod = (name: string, compliant: string): object => ({
    ...podWith({}),
    metadata: { name, labels: { compliant } },
  })
  await expect(api.create(`${core}/pods`, pod('unwanted', 'no'))).rejects.toMatchObject(
    denied('the pod contains unwanted labels'),
  )
  const hanging = api.create(`${core}/pods`, pod('hangs', 'yes'))
  await expect(hanging).rejects.toMatchObject({
    code: 500,
    message: expect.stringMatching(/deadline exceeded|timeout/i),
  })
  await expect(api.get(`${core}/pods/hangs`)).rejects.toMatchObject({ code: 404 })

  const data = (compliant: string): object => ({ data: { compliant } })
  const refused = denied('the configmap contains unwanted data')
  await expect(api.create(configMaps, { metadata: { name: 'bad' }, ...data('no') })).rejects.toMatchObject(refused)
  await api.create(configMaps, { metadata: { name: 'good' }, ...data('yes') })
  const live = await api.get(`${configMaps}/good`)
  await expect(api.update(`${configMaps}/good`, { ...live, ...data('no') })).rejects.toMatchObject(refused)
  await expect(api.patch(`${configMaps}/good`, data('no'), 'strategic')).rejects.toMatchObject(refused)

  const free = await newNamespace()
  await api.patch(`/api/v1/namespaces/${free}`, {
    metadata: { labels: { 'of-webhook-case': namespace, exempt: 'yes' } },
  })
  await api.create(`/api/v1/namespaces/${free}/configmaps`, { metadata: { name: 'bad' }, ...data('no') })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny attaching pod [Conformance]', async () => {
  const here = await place()
  await register(api, 'validating', here, [webhook(here, '/attach', [rule(['CONNECT'], 'pods/attach')])])
  await api.create(`${here.core}/pods`, { ...podWith({}), metadata: { name: 'attached' } })
  await podUntil(api, `${here.core}/pods/attached`, isReady)
  const { code, stderr } = await kubectl('attach', '-n', here.namespace, 'attached', '-i', '-c', 'pause')
  expect(code).not.toBe(0)
  expect(stderr).toContain("attaching to pod 'attached' is not allowed")
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny custom resource creation, update and deletion [Conformance]', async () => {
  const here = await place()
  const { group, plural, kind } = await define(api)
  const path = `/apis/${group}/v1/namespaces/${here.namespace}/${plural}`
  const hook = webhook(here, '/custom-resources', [rule(['CREATE', 'UPDATE', 'DELETE'], plural, { group })])
  await register(api, 'validating', here, [hook])
  const object = (name: string, compliant: string): object => ({
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name },
    data: { compliant },
  })
  const refused = denied('the custom resource contains unwanted data')
  await expect(api.create(path, object('bad', 'no'))).rejects.toMatchObject(refused)
  await api.create(path, object('good', 'yes'))
  await expect(api.patch(`${path}/good`, { data: { compliant: 'no' } })).rejects.toMatchObject(refused)

  // One that came into being without the webhook cannot be deleted under it until it is made compliant.
  await api.create(path, { ...object('other', 'yes') })
  const unchecked = await place()
  const elsewhere = `/apis/${group}/v1/namespaces/${unchecked.namespace}/${plural}`
  await api.create(elsewhere, object('bad', 'no'))
  const second = webhook(unchecked, '/custom-resources', [rule(['DELETE'], plural, { group })])
  await register(api, 'validating', unchecked, [second])
  await expect(api.delete(`${elsewhere}/bad`)).rejects.toMatchObject(refused)
  await api.patch(`${elsewhere}/bad`, { data: { compliant: 'yes' } })
  await api.delete(`${elsewhere}/bad`)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should unconditionally reject operations on fail closed webhook [Conformance]', async () => {
  const here = await place()
  const hook = webhook(here, '/config-maps', [rule(['CREATE'], 'configmaps')], {
    clientConfig: { service: { namespace: server.namespace, name: server.service, port: 443, path: '/config-maps' } },
  })
  await register(api, 'validating', here, [hook])
  const making = api.create(here.configMaps, { metadata: { name: 'any' }, data: { compliant: 'yes' } })
  await expect(making).rejects.toMatchObject({ code: 500, message: expect.stringContaining('failed calling webhook') })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate configmap [Conformance]', async () => {
  const here = await place()
  await register(api, 'mutating', here, [
    webhook(here, '/two-stages', [rule(['CREATE'], 'configmaps')]),
    webhook(here, '/two-stages', [rule(['CREATE'], 'configmaps')]),
  ])
  const made = await api.create(here.configMaps, { metadata: { name: 'one' }, data: { 'mutation-start': 'yes' } })
  expect(made.data).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation [Conformance]', async () => {
  const here = await place()
  await register(api, 'mutating', here, [webhook(here, '/add-init-container', [rule(['CREATE'], 'pods')])])
  const pod = await api.create(`${here.core}/pods`, { ...podWith({}), metadata: { name: 'mutated' } })
  expect(pod.spec.initContainers).toHaveLength(1)
  expect(pod.spec.initContainers[0]).toMatchObject({ name: 'added', terminationMessagePolicy: 'File' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should not be able to mutate or prevent deletion of webhook configuration objects [Conformance]', async () => {
  const here = await place()
  const everything = (operations: string[]): object[] =>
    ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'].map((resource) =>
      rule(operations, resource, { group: 'admissionregistration.k8s.io', version: '*' }),
    )
  const anywhere = { namespaceSelector: {} }
  await register(api, 'validating', here, [webhook(here, '/always-deny', everything(['DELETE']), anywhere)])
  await register(api, 'mutating', here, [webhook(here, '/add-label', everything(['CREATE']), anywhere)])
  for (const kind of ['validating', 'mutating'] as const) {
    const name = uniqueName('untouched')
    const at = `${registrationPath(kind)}/${name}`
    removeAfterwards(api, at)
    const webhooks = [webhook(here, '/always-deny', [rule(['CREATE'], 'nothing-of-this-name')])]
    const made = await api.create(registrationPath(kind), { metadata: { name, labels: { own: 'yes' } }, webhooks })
    expect(made.metadata.labels).toEqual({ own: 'yes' })
    await api.delete(at)
    await expect(api.get(at)).rejects.toMatchObject({ code: 404 })
  }
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource [Conformance]', async () => {
  const here = await place()
  const { group, plural, kind } = await define(api)
  const hook = (): object => webhook(here, '/two-stages', [rule(['CREATE'], plural, { group })])
  await register(api, 'mutating', here, [hook(), hook()])
  const made = await api.create(`/apis/${group}/v1/namespaces/${here.namespace}/${plural}`, {
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: 'one' },
    data: { 'mutation-start': 'yes' },
  })
  expect(made.data).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with pruning [Conformance]', async () => {
  const here = await place()
  const known = { 'mutation-start': { type: 'string' }, 'mutation-stage-1': { type: 'string' } }
  const schema = { type: 'object', properties: { data: { type: 'object', properties: known } } }
  const { group, plural, kind } = await define(api, { schema })
  const hook = (): object => webhook(here, '/two-stages', [rule(['CREATE'], plural, { group })])
  await register(api, 'mutating', here, [hook(), hook()])
  const made = await api.create(`/apis/${group}/v1/namespaces/${here.namespace}/${plural}`, {
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: 'one' },
    data: { 'mutation-start': 'yes' },
  })
  expect(made.data).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with different stored version [Conformance]', async () => {
  const here = await place()
  const { name, group, plural, kind } = await define(api, { versions: ['v1', 'v2'] })
  const rules = [
    rule(['CREATE', 'UPDATE'], plural, { group, version: 'v1' }),
    rule(['CREATE', 'UPDATE'], plural, { group, version: 'v2' }),
  ]
  await register(api, 'mutating', here, [webhook(here, '/two-stages', rules)])
  const path = `/apis/${group}/v1/namespaces/${here.namespace}/${plural}`
  await api.create(path, {
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: 'one' },
    data: { 'mutation-start': 'yes' },
  })
  await api.change(`${definitionsPath}/${name}`, ({ spec }) => {
    for (const version of spec.versions) version.storage = version.name === 'v2'
  })
  await api.patch(`${path}/one`, { data: { own: 'field' } })
  const found = await api.get(`/apis/${group}/v2/namespaces/${here.namespace}/${plural}/one`)
  expect(found.data).toMatchObject({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes', own: 'field' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should deny crd creation [Conformance]', async () => {
  const here = await place()
  const hook = webhook(
    here,
    '/always-deny',
    [rule(['CREATE'], 'customresourcedefinitions', { group: 'apiextensions.k8s.io', version: '*' })],
    { namespaceSelector: {}, objectSelector: { matchLabels: { unwanted: here.namespace } } },
  )
  await register(api, 'validating', here, [hook])
  const { definition, name } = simpleDefinition({ labels: { unwanted: here.namespace } })
  removeAfterwards(api, `${definitionsPath}/${name}`)
  await expect(api.create(definitionsPath, definition)).rejects.toMatchObject(
    denied('this webhook denies all requests'),
  )
  await expect(api.get(`${definitionsPath}/${name}`)).rejects.toMatchObject({ code: 404 })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout [Conformance]', async () => {
  const attempt = async (more: object): Promise<Wire> => {
    const here = await place()
    await register(api, 'validating', here, [webhook(here, '/allow-after-5s', [rule(['CREATE'], 'configmaps')], more)])
    return api.ask('POST', here.configMaps, { body: { metadata: { name: 'slow' } } })
  }
  // The default is ten seconds: undefined leaves the field out.
  const [closed, open, long, unset] = await Promise.all([
    attempt({ timeoutSeconds: 1, failurePolicy: 'Fail' }),
    attempt({ timeoutSeconds: 1, failurePolicy: 'Ignore' }),
    attempt({ timeoutSeconds: 10, failurePolicy: 'Fail' }),
    attempt({ timeoutSeconds: undefined, failurePolicy: 'Fail' }),
  ])
  expect(closed.status).toBe(500)
  expect(closed.json.message).toMatch(/deadline exceeded|timeout/i)
  expect([open.status, long.status, unset.status]).toEqual([201, 201, 201])
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a validating webhook should work [Conformance]', async () => {
  const here = await place()
  const at = await register(api, 'validating', here, [webhook(here, '/config-maps', [rule(['CREATE'], 'configmaps')])])
  const bad = { metadata: { generateName: 'bad-' }, data: { compliant: 'no' } }
  await expect(api.create(here.configMaps, bad)).rejects.toMatchObject({ code: 403 })
  await reconfigured(here, (name) =>
    api.change(at, ({ webhooks }) => {
      webhooks[0].rules[0].operations = ['UPDATE']
      webhooks[1] = marker(here, name)
    }),
  )
  await api.create(here.configMaps, bad)
  await reconfigured(here, (name) =>
    api.patch(
      at,
      [
        { op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] },
        { op: 'replace', path: '/webhooks/1', value: marker(here, name) },
      ],
      'json',
    ),
  )
  await expect(api.create(here.configMaps, bad)).rejects.toMatchObject({ code: 403 })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a mutating webhook should work [Conformance]', async () => {
  const here = await place()
  const at = await register(api, 'mutating', here, [webhook(here, '/two-stages', [rule(['CREATE'], 'configmaps')])])
  const map = { metadata: { generateName: 'map-' }, data: { 'mutation-start': 'yes' } }
  const mutated = async (): Promise<boolean> => 'mutation-stage-1' in (await api.create(here.configMaps, map)).data
  expect(await mutated()).toBe(true)
  await reconfigured(here, (name) =>
    api.change(at, ({ webhooks }) => {
      webhooks[0].rules[0].operations = ['UPDATE']
      webhooks[1] = marker(here, name)
    }),
  )
  expect(await mutated()).toBe(false)
  await reconfigured(here, (name) =>
    api.patch(
      at,
      [
        { op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] },
        { op: 'replace', path: '/webhooks/1', value: marker(here, name) },
      ],
      'json',
    ),
  )
  expect(await mutated()).toBe(true)
})

/** Changes a configuration, its marker too, and waits until the change is in force. */
async function reconfigured({ namespace }: Place, change: (name: string) => Promise<Wire>): Promise<void> {
  const name = uniqueName('changed')
  await change(name)
  await inForce(api, namespace, name)
}

for (const kind of ['validating', 'mutating'] as const)
  test(`[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing ${kind} webhooks should work [Conformance]`, async () => {
    const here = await place()
    const labels = { 'of-list': here.namespace }
    const mine = { labelSelector: `of-list=${here.namespace}` }
    const path = kind === 'validating' ? '/config-maps' : '/two-stages'
    let last = ''
    for (let index = 0; index < 10; index++)
      last = await register(api, kind, here, [webhook(here, path, [rule(['CREATE'], 'configmaps')])], labels)
    expect((await api.get(registrationPath(kind), mine)).items).toHaveLength(10)
    const map = { metadata: { generateName: 'map-' }, data: { compliant: 'no', 'mutation-start': 'yes' } }
    const making = api.create(here.configMaps, map)
    if (kind === 'validating') await expect(making).rejects.toMatchObject({ code: 403 })
    else expect((await making).data).toMatchObject({ 'mutation-stage-1': 'yes' })
    await api.delete(registrationPath(kind), undefined, mine)
    expect((await api.get(registrationPath(kind), mine)).items).toEqual([])
    await noLongerInForce(api, here.namespace, last.split('/').pop() ?? '')
    expect((await api.create(here.configMaps, map)).data).toEqual(map.data)
  })

const conditions = (expression: string): object => ({ matchConditions: [{ name: 'only-some', expression }] })

for (const kind of ['validating', 'mutating'] as const)
  test(`[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update ${kind} webhook configurations with match conditions [Conformance]`, async () => {
    const here = await place()
    const path = registrationPath(kind)
    const name = uniqueName('conditions')
    removeAfterwards(api, `${path}/${name}`)
    const hook = webhook(here, '/always-allow', [rule(['CREATE'], 'pods')], conditions("object.kind != 'Lease'"))
    await api.create(path, { metadata: { name }, webhooks: [hook] })
    const [found] = (await api.get(`${path}/${name}`)).webhooks
    expect(found.matchConditions).toEqual([{ name: 'only-some', expression: "object.kind != 'Lease'" }])
    const wanted = [...found.matchConditions, { name: 'more', expression: "object.metadata.name != 'none'" }]
    await api.change(`${path}/${name}`, ({ webhooks }) => void (webhooks[0].matchConditions = wanted))
    expect((await api.get(`${path}/${name}`)).webhooks[0].matchConditions).toEqual(wanted)
  })

for (const kind of ['validating', 'mutating'] as const)
  test(`[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject ${kind} webhook configurations with invalid match conditions [Conformance]`, async () => {
    const here = await place()
    const hook = webhook(here, '/always-allow', [rule(['CREATE'], 'pods')], conditions('... [] bad expression'))
    const making = api.create(registrationPath(kind), { metadata: { name: uniqueName('invalid') }, webhooks: [hook] })
    await expect(making).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(/webhooks\[0\]\.matchConditions\[0\]\.expression.*compilation failed/s),
    })
  })

test("[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate everything except 'skip-me' configmaps [Conformance]", async () => {
  const here = await place()
  const hook = webhook(
    here,
    '/two-stages',
    [rule(['CREATE'], 'configmaps')],
    conditions("object.metadata.name != 'skip-me'"),
  )
  await register(api, 'mutating', here, [hook])
  const make = async (name: string): Promise<Wire> =>
    (await api.create(here.configMaps, { metadata: { name }, data: { 'mutation-start': 'yes' } })).data
  expect(await make('skip-me')).toEqual({ 'mutation-start': 'yes' })
  expect(await make('another')).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes' })
})
