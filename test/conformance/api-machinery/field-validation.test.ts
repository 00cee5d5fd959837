import { expect, test } from 'vitest'
import type { Answer, Wire } from '../support/api.ts'
import { anything, define, type Definition } from '../support/custom-resources.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer } from '../support/server.ts'

const { api, namespace } = await simulatedServer()

const strict = { fieldValidation: 'Strict' }
const apply = { ...strict, fieldManager: 'conformance' }

const deployments = async (): Promise<string> => `/apis/apps/v1/namespaces/${await namespace()}/deployments`

/** As text, so that a key can be there twice. */
const deploymentText = ({ metadata = '', spec = '' }: { metadata?: string; spec?: string }): string => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "web", "labels": {"app": "web"}${metadata}},
  "spec": {${spec}
    "selector": {"matchLabels": {"app": "web"}},
    "template": {
      "metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "web", "image": "nginx:stable"}]}
    }
  }
}`

function expectRefused(answer: Answer, ...told: string[]): void {
  expect(answer.status).toBe(400)
  expect(answer.json).toMatchObject({ kind: 'Status', reason: 'BadRequest' })
  expect(answer.json.message).toContain('strict decoding error: ')
  for (const text of told) expect(answer.json.message).toContain(text)
}

test('[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]', async () => {
  const path = await deployments()
  const body = deploymentText({
    spec: '"unknownField": "x", "replicas": 1, "replicas": 2, "paused": true, "paused": true,',
  })
  const answer = await api.ask('POST', path, { body, query: strict })
  expectRefused(
    answer,
    'unknown field "spec.unknownField"',
    'duplicate field "spec.replicas"',
    'duplicate field "spec.paused"',
  )
  expect((await api.ask('GET', `${path}/web`)).status).toBe(404)
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]', async () => {
  const path = await deployments()
  const body = deploymentText({ metadata: ', "unknownMeta": "x", "name": "web"' })
  expectRefused(
    await api.ask('POST', path, { body, query: strict }),
    'unknown field "metadata.unknownMeta"',
    'duplicate field "metadata.name"',
  )
})

interface Ships extends Definition {
  path: string
  apiVersion: string
}
async function ships(schema: object): Promise<Ships> {
  const definition = await define(api, { schema })
  const { group, plural } = definition
  const path = `/apis/${group}/v1/namespaces/${await namespace()}/${plural}`
  return { ...definition, path, apiVersion: `${group}/v1` }
}

const withSpec = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        cronSpec: { type: 'string' },
        ports: {
          type: 'array',
          'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
          'x-kubernetes-list-type': 'map',
          items: {
            type: 'object',
            required: ['containerPort', 'protocol'],
            properties: {
              containerPort: { type: 'integer', format: 'int32' },
              hostIP: { type: 'string' },
              hostPort: { type: 'integer', format: 'int32' },
              name: { type: 'string' },
              protocol: { type: 'string' },
            },
          },
        },
      },
    },
  },
}

test('[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]', async () => {
  const { path, apiVersion, kind } = await ships(anything)
  const object = {
    apiVersion,
    kind,
    metadata: { name: 'any' },
    spec: { foo: 'foo1', cronSpec: '* * * * */5', ports: [] },
  }
  await api.patch(`${path}/any`, object, 'apply', apply)
  expect((await api.get(`${path}/any`)).spec).toMatchObject({ foo: 'foo1' })
  await api.create(path, { ...object, metadata: { name: 'other' } }, strict)
})

test('[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema [Conformance]', async () => {
  const { path, apiVersion, kind } = await ships(withSpec)
  const spec = {
    cronSpec: '* * * * */5',
    ports: [{ name: 'x', containerPort: 80, protocol: 'TCP' }],
  }
  const applied = await api.patch(
    `${path}/valid`,
    { apiVersion, kind, metadata: { name: 'valid' }, spec },
    'apply',
    apply,
  )
  expect(applied.spec).toEqual(spec)
  expect((await api.create(path, { apiVersion, kind, metadata: { name: 'other' }, spec }, strict)).spec).toEqual(spec)
})

test('[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema [Conformance]', async () => {
  const { path, apiVersion, kind } = await ships(withSpec)
  const object = {
    apiVersion,
    kind,
    metadata: { name: 'invalid' },
    spec: {
      foo: 'foo1',
      cronSpec: '* * * * */5',
      ports: [{ name: 'x', containerPort: 80, protocol: 'TCP', extra: 1 }],
    },
  }
  const headers = { 'content-type': 'application/apply-patch+yaml' }
  const applied = await api.ask('PATCH', `${path}/invalid`, { body: object, query: apply, headers })
  expect([400, 500]).toContain(applied.status)
  expect(applied.json.message).toMatch(/unknown field "spec.foo"|field not declared in schema/)
  expectRefused(
    await api.ask('POST', path, { body: object, query: strict }),
    'unknown field "spec.foo"',
    'unknown field "spec.ports[0].extra"',
  )
})

/** Until the schema is in force for writes. */
const strictAnswer = (path: string, body: string): Promise<Answer> =>
  eventually('a strict refusal', async () => {
    const answer = await api.ask('POST', path, { body, query: strict })
    return answer.status === 400 && answer
  })

test('[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields [Conformance]', async () => {
  const { path, apiVersion, kind } = await ships(anything)
  const body = `{"apiVersion": "${apiVersion}", "kind": "${kind}", "metadata": {"name": "twice"},
    "spec": {"foo": "one", "foo": "two", "unknown": 1, "unknown": 2}}`
  expectRefused(await strictAnswer(path, body), 'duplicate field "spec.foo"', 'duplicate field "spec.unknown"')
  const yaml = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: twice}\nspec:\n  foo: one\n  foo: two\n`
  const headers = { 'content-type': 'application/yaml' }
  const answer = await api.ask('POST', path, { body: yaml, query: strict, headers })
  expect(answer.status).toBe(400)
  expect(answer.json.message).toContain('key "foo" already set in map')
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]', async () => {
  const { path, apiVersion, kind } = await ships({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: embedded() },
        },
      },
    },
  })
  const object = {
    apiVersion,
    kind,
    metadata: { name: 'meta', unknownMeta: 'x' },
    spec: { template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'inner', unknownSubMeta: 'y' }, spec: {} } },
  }
  expectRefused(
    await strictAnswer(path, JSON.stringify(object)),
    'unknown field "metadata.unknownMeta"',
    'unknown field "spec.template.metadata.unknownSubMeta"',
  )
})
const embedded = (): Wire => ({ metadata: { type: 'object' }, spec: { type: 'object' } })
