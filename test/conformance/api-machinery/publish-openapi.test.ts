import { expect, test } from 'vitest'
import type { Kubectl } from '../../support/kubectl.ts'
import type { Wire } from '../support/api.ts'
import { anything, define, definitionsPath, type Definition } from '../support/custom-resources.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer, temporaryFile, uniqueName } from '../support/server.ts'

const { api, kubectl, namespace: newNamespace } = await simulatedServer()

/** The definition of a version, as both documents publish it: v2 by name, v3 by group and version. */
async function published({ group, kind }: Definition, version: string): Promise<Wire[]> {
  const name = [...group.split('.').reverse(), version, kind].join('.')
  const { definitions } = await api.get('/openapi/v2')
  const { paths } = await api.get('/openapi/v3')
  const url = paths[`apis/${group}/${version}`]?.serverRelativeURL
  const third = url === undefined ? undefined : (await api.get(url)).components?.schemas?.[name]
  return [definitions[name], third]
}
const isPublished = (of: Definition, version: string): Promise<Wire[]> =>
  eventually(`${of.kind} ${version} is published`, async () => {
    const both = await published(of, version)
    return both.every((one) => one !== undefined) && both
  })
const isWithdrawn = (of: Definition, version: string): Promise<boolean> =>
  eventually(`${of.kind} ${version} is withdrawn`, async () =>
    (await published(of, version)).every((one) => one === undefined),
  )

const manifest = ({ group, kind }: Definition, name: string, fields: object): string =>
  JSON.stringify({ apiVersion: `${group}/v1`, kind, metadata: { name }, ...fields })

/** Creates, applies a change and deletes with kubectl, which validates against what the server publishes. */
async function expectAccepted(of: Definition, fields: object, changed: object): Promise<void> {
  const namespace = await newNamespace()
  const name = uniqueName('one')
  const path = await temporaryFile('one.json', manifest(of, name, fields))
  const changedPath = await temporaryFile('changed.json', manifest(of, name, changed))
  await kubectl.ok('create', '-n', namespace, '--save-config', '-f', path)
  await kubectl.ok('apply', '-n', namespace, '-f', changedPath)
  await kubectl.ok('delete', '-n', namespace, `${of.plural}.${of.group}`, name)
  await kubectl.ok('apply', '-n', namespace, '-f', path)
}

async function expectRejected(of: Definition, fields: object, message: RegExp): Promise<void> {
  const namespace = await newNamespace()
  const path = await temporaryFile('one.json', manifest(of, uniqueName('one'), fields))
  for (const verb of ['create', 'apply']) {
    const { code, stderr } = await kubectl(verb, '-n', namespace, '-f', path)
    expect([verb, code]).toEqual([verb, 1])
    expect(stderr).toMatch(message)
  }
}

/** `--api-version` and not `plural.group`, which kubectl before 1.27 takes for a field. */
const explain = (of: Definition, path: string): ReturnType<Kubectl> =>
  kubectl('explain', `${of.plural}${path}`, `--api-version=${of.group}/v1`)

const explained = (of: Definition, path = ''): Promise<string> =>
  eventually(`kubectl explains ${of.plural}${path}`, async () => {
    const { code, stdout } = await explain(of, path)
    return code === 0 && stdout
  })

const schema = {
  description: 'Foo CRD for Testing',
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      description: 'Specification of Foo',
      properties: {
        bars: {
          description: 'List of Bars and their specs.',
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { description: 'Name of Bar.', type: 'string' },
              age: { description: 'Age of Bar.', type: 'string' },
              bazs: { description: 'List of Bazs.', type: 'array', items: { type: 'string' } },
              isBad: { type: 'boolean' },
            },
          },
        },
      },
    },
    status: {
      description: 'Status of Foo',
      type: 'object',
      properties: { bars: { type: 'array', items: { type: 'object', properties: { isBad: { type: 'boolean' } } } } },
    },
  },
}

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema [Conformance]', async () => {
  const of = await define(api, { schema, kind: 'Foo' })
  await isPublished(of, 'v1')
  const valid = { spec: { bars: [{ name: 'test-bar' }] } }
  await expectAccepted(of, valid, { spec: { bars: [{ name: 'test-bar', age: '10' }] } })
  await expectRejected(
    of,
    { spec: { bars: [{ name: 'test-bar', unknown: 'x' }] } },
    /unknown field "(spec\.bars\[0\]\.)?unknown"/,
  )
  await expectRejected(
    of,
    { spec: { bars: [{ age: '10' }] } },
    /missing required field "name"|spec\.bars\[0\]\.name: Required value/,
  )
  const text = await explained(of)
  expect(text).toMatch(/KIND:\s+Foo/)
  expect(text).toContain('Foo CRD for Testing')
  expect(text).toContain('Specification of Foo')
  expect(await explained(of, '.metadata')).toContain("Standard object's metadata")
  expect(await explained(of, '.spec')).toContain('List of Bars and their specs.')
  const bars = await explained(of, '.spec.bars')
  for (const part of ['bazs', 'List of Bazs.', 'Name of Bar.']) expect(bars).toContain(part)
  const { code } = await explain(of, '.spec.bars2')
  expect(code).not.toBe(0)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema [Conformance]', async () => {
  const of = await define(api, { schema: anything, kind: 'Blank' })
  await isPublished(of, 'v1')
  await expectAccepted(of, { a: { b: [{ c: 'd' }] } }, { a: { b: [{ c: 'e' }] } })
  expect(await explained(of)).toMatch(/DESCRIPTION:\s+<empty>/)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root [Conformance]', async () => {
  const root = { ...anything, properties: { spec: { type: 'object', properties: { known: { type: 'string' } } } } }
  const of = await define(api, { schema: root, kind: 'Rooted' })
  await isPublished(of, 'v1')
  await expectAccepted(of, { a: { b: 'c' } }, { a: { b: 'd' } })
  expect(await explained(of)).toMatch(/KIND:\s+Rooted/)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object [Conformance]', async () => {
  const embedded = {
    type: 'object',
    properties: {
      spec: {
        description: 'Specification of Nested',
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { dummy: { description: 'Dummy property.', type: 'string' } },
      },
    },
  }
  const of = await define(api, { schema: embedded, kind: 'Nested' })
  const [second] = await isPublished(of, 'v1')
  expect(second.properties.spec).toMatchObject({ 'x-kubernetes-preserve-unknown-fields': true })
  await expectAccepted(of, { spec: { a: { b: 'c' } } }, { spec: { a: { b: 'd' }, dummy: 'x' } })
  // OpenAPI v2, which kubectl before 1.27 explains from, has no type for what is not known whole.
  expect(await explained(of)).toMatch(/spec\s+<(Object)?>/)
  expect(await explained(of, '.spec')).toContain('Specification of Nested')
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups [Conformance]', async () => {
  const one = await define(api, { schema, kind: 'Apart', versions: ['v1'] })
  const two = await define(api, { schema, kind: 'Apart', versions: ['v2'] })
  await isPublished(one, 'v1')
  await isPublished(two, 'v2')
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions [Conformance]', async () => {
  const of = await define(api, { schema, kind: 'Both', versions: ['v2', 'v3'] })
  await isPublished(of, 'v2')
  await isPublished(of, 'v3')
  const group = `${uniqueName('conformance')}.example.com`
  const older = await define(api, { schema, group, kind: 'Older', versions: ['v4'] })
  const newer = await define(api, { schema, group, kind: 'Newer', versions: ['v5'] })
  await isPublished(older, 'v4')
  await isPublished(newer, 'v5')
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds [Conformance]', async () => {
  const group = `${uniqueName('conformance')}.example.com`
  const one = await define(api, { schema, group, kind: 'Sloop' })
  const two = await define(api, { schema, group, kind: 'Ketch' })
  await isPublished(one, 'v1')
  await isPublished(two, 'v1')
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] updates the published spec when one version gets renamed [Conformance]', async () => {
  const of = await define(api, { schema, kind: 'Renamed', versions: ['v2', 'v3'] })
  await isPublished(of, 'v3')
  const [before] = await isPublished(of, 'v2')
  await api.patch(
    `${definitionsPath}/${of.name}`,
    [
      { op: 'test', path: '/spec/versions/1/name', value: 'v3' },
      { op: 'replace', path: '/spec/versions/1/name', value: 'v4' },
    ],
    'json',
  )
  await isPublished(of, 'v4')
  await isWithdrawn(of, 'v3')
  expect((await isPublished(of, 'v2'))[0]).toEqual(before)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served [Conformance]', async () => {
  const of = await define(api, { schema, kind: 'Unserved', versions: ['v5', 'v6'] })
  await isPublished(of, 'v5')
  await isPublished(of, 'v6')
  await api.change(`${definitionsPath}/${of.name}`, ({ spec }) => void (spec.versions[1].served = false))
  await isWithdrawn(of, 'v6')
  await isPublished(of, 'v5')
})
