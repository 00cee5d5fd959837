import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StopStack } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { customResourceDefinitions, namespaces } from '#shared/kube/resources.ts'
import type { ApiError } from '#shared/kube/status.ts'
import type { TestApiServer } from '#test/support/api-server.ts'
import { startCustomApi } from '#test/support/custom-api.ts'
import type { Schema } from '../schema/structural.ts'

let stops: StopStack
let api: TestApiServer

beforeEach(async () => {
  stops = new StopStack()
  api = await startCustomApi(stops)
  await api.client.create(namespaces, { metadata: { name: 'port' } })
})
afterEach(() => stops.stop())

type Ship = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> }
const ships: Resource<Ship> = {
  group: 'sea.example.com',
  version: 'v1',
  kind: 'Ship',
  plural: 'ships',
  namespaced: true,
}

const spec = (properties: Record<string, Schema>, more: Partial<Schema> = {}): Schema => ({
  type: 'object',
  properties: {
    spec: { type: 'object', properties, ...more },
    status: { type: 'object', properties: { at: { type: 'string' } } },
  },
})

async function define(
  schema: Schema,
  version: Partial<CustomResourceDefinitionVersion> = {},
  others: CustomResourceDefinitionVersion[] = [],
): Promise<CustomResourceDefinition> {
  const first = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }
  const created = await api.client.create(customResourceDefinitions, {
    metadata: { name: 'ships.sea.example.com' },
    spec: {
      group: 'sea.example.com',
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship', shortNames: ['sh'] },
      versions: [first as CustomResourceDefinitionVersion, ...others],
    },
  })
  await untilCondition('Established')
  return created
}

async function untilCondition(type: string): Promise<void> {
  await expect
    .poll(async () => {
      const { status } = await api.client.get(customResourceDefinitions, { name: 'ships.sea.example.com' })
      return status?.conditions?.find((condition) => condition.type === type)?.status
    })
    .toBe('True')
}

const ship = (name: string, content: Record<string, unknown> = {}): Ship => ({
  metadata: { name, namespace: 'port' },
  spec: content,
})
const launch = (name: string, content: Record<string, unknown> = {}): Promise<Stored<Ship>> =>
  api.client.create(ships, ship(name, content))
const causes = async (promise: Promise<unknown>): Promise<string[]> => {
  const { status } = await promise.then(
    () => Promise.reject(new Error('expected the request to be refused')),
    (error: unknown) => error as ApiError,
  )
  return (status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`)
}

describe('objects of a definition', () => {
  it('have 64-bit integers, checked by bounds and rules', async () => {
    const rule = { rule: 'self.tons < 9007199254740994', message: 'too heavy' }
    await define(
      spec({ tons: { type: 'integer', format: 'int64', minimum: 0 } }, { 'x-kubernetes-validations': [rule] }),
    )
    await launch('a', { tons: 9007199254740993n })
    const stored = await api.client.get(ships, { namespace: 'port', name: 'a' })
    expect(JSON.stringify(stored)).toContain('"tons":9007199254740993')
    expect(await causes(launch('b', { tons: 9007199254740994n }))).toEqual([expect.stringContaining('too heavy')])
    expect(await causes(launch('c', { tons: -9007199254740993n }))).toEqual([
      expect.stringContaining('spec.tons in body should be greater than or equal to 0'),
    ])
  })

  it('are created, read, listed, patched, applied, watched and deleted like built-in ones', async () => {
    await define(spec({ masts: { type: 'integer' }, crew: { type: 'array', items: { type: 'string' } } }))
    const made = await launch('a', { masts: 3 })
    expect(made).toMatchObject({ apiVersion: 'sea.example.com/v1', kind: 'Ship', metadata: { generation: 1 } })
    const ref = { namespace: 'port', name: 'a' }
    const merged = await api.client.patch(ships, ref, { type: 'merge', body: { spec: { crew: ['ann'] } } })
    expect(merged.spec).toEqual({ masts: 3, crew: ['ann'] })
    expect(merged.metadata.generation).toBe(2)
    const applied = await api.client.patch(
      ships,
      { namespace: 'port', name: 'b' },
      {
        type: 'apply',
        body: { apiVersion: 'sea.example.com/v1', kind: 'Ship', metadata: { name: 'b' }, spec: { masts: 1 } },
      },
      { fieldManager: 'me' },
    )
    expect(applied.metadata.managedFields?.[0]).toMatchObject({ manager: 'me', operation: 'Apply' })
    expect((await api.client.list(ships)).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    await api.client.delete(ships, ref)
    await expect(api.client.get(ships, ref)).rejects.toMatchObject({ code: 404 })
    await expect(
      api.client.patch(ships, { namespace: 'port', name: 'b' }, { type: 'strategic', body: { spec: {} } }),
    ).rejects.toMatchObject({ code: 415 })
  })

  it('are pruned by the schema, keep preserved unknown fields, and get defaults', async () => {
    await define(
      spec({
        masts: { type: 'integer', default: 2 },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        flags: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { up: { type: 'boolean', default: true } } },
        },
      }),
    )
    const made = await launch('a', { rudder: 'x', free: { any: { thing: 1 } }, flags: { main: {} } })
    expect(made.spec).toEqual({ masts: 2, free: { any: { thing: 1 } }, flags: { main: { up: true } } })
    await expect(
      api.client.transport.request({
        method: 'POST',
        path: '/apis/sea.example.com/v1/namespaces/port/ships?fieldValidation=Strict',
        body: { apiVersion: 'sea.example.com/v1', kind: 'Ship', ...ship('b', { rudder: 'x' }) },
      }),
    ).rejects.toMatchObject({
      code: 400,
      message: 'Ship in version "v1" cannot be handled as a Ship: strict decoding error: unknown field "spec.rudder"',
    })
  })

  it('keep null where the schema allows it', async () => {
    const keel = { type: 'string', nullable: true }
    const holds = { type: 'array', items: { type: 'object', properties: { keel } } }
    await define(spec({ keel, holds }))
    const content = { keel: null, holds: [{ keel: null }] }
    expect((await launch('a', content)).spec).toEqual(content)
  })

  it('validate the metadata of an embedded object', async () => {
    const properties = { spec: { type: 'object' } }
    await define(spec({ template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties } }))
    const metadata = { name: 'inner', rudder: 'x' }
    const made = await launch('a', { template: { apiVersion: 'v1', kind: 'Pod', metadata } })
    expect(made.spec?.['template']).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'inner' } })
    const wrong = { apiVersion: 'a/b/v1', kind: 'A_b', metadata: { name: 'a/b', labels: { a: '-' } } }
    expect(await causes(launch('b', { template: wrong }))).toEqual([
      'spec.template.apiVersion: Invalid value: "a/b/v1": unexpected GroupVersion string: a/b/v1',
      expect.stringContaining(
        'spec.template.kind: Invalid value: "A_b": may have mixed case, but should otherwise match:',
      ),
      'spec.template.metadata.name: Invalid value: "a/b": may not contain \'/\'',
      expect.stringContaining('spec.template.metadata.labels: Invalid value: "-"'),
    ])
    await expect(launch('c', { template: { apiVersion: 'v1', kind: true } })).rejects.toThrow(
      'cannot be handled as a Ship: spec.template.kind: Invalid value: true: must be a string',
    )
    const labels = { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: 1 } } }
    await expect(launch('d', { template: labels })).rejects.toThrow(
      'cannot be handled as a Ship: spec.template.metadata: Invalid value: {"labels":{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    )
  })

  it('are refused with the path and the reason of every error', async () => {
    await define(
      spec(
        {
          owner: { type: 'string' },
          masts: { type: 'integer', minimum: 1, maximum: 7 },
          name: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
          rig: { type: 'string', enum: ['full', 'half'] },
          crew: { type: 'array', maxItems: 1, items: { type: 'string' } },
          ports: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
          },
        },
        { required: ['owner'] },
      ),
    )
    const bad = { masts: 9, name: 'ABC', rig: 'odd', crew: ['a', 'b'], ports: [{ name: 'p' }, { name: 'p' }] }
    expect(await causes(launch('a', bad))).toEqual([
      'spec.masts: Invalid value: 9: spec.masts in body should be less than or equal to 7',
      'spec.name: Invalid value: "ABC": spec.name in body should match \'^[a-z]+$\'',
      'spec.rig: Unsupported value: "odd": supported values: "full", "half"',
      'spec.crew: Too many: 2: must have at most 1 item',
      'spec.owner: Required value',
      'spec.ports[1]: Duplicate value: {"name":"p"}',
    ])
    expect(await causes(launch('b', { masts: 'three', owner: 'o' }))).toEqual([
      'spec.masts: Invalid value: "string": spec.masts in body must be of type integer: "string"',
    ])
  })

  it('are checked by the rules of the schema, including transition rules', async () => {
    await define(
      spec(
        { masts: { type: 'integer' }, length: { type: 'number' }, keel: { type: 'string' } },
        {
          'x-kubernetes-validations': [
            { rule: 'self.masts < 5', message: 'too many masts' },
            { rule: '!has(self.length) || self.length > 1.5', messageExpression: '"length %f".format([self.length])' },
            { rule: 'self.keel == oldSelf.keel', message: 'the keel stays', fieldPath: '.keel' },
          ],
        },
      ),
    )
    expect(await causes(launch('a', { masts: 6, keel: 'k', length: 1 }))).toEqual([
      'spec: Invalid value: "object": too many masts',
      'spec: Invalid value: "object": length 1.000000',
    ])
    const made = await launch('b', { masts: 1, keel: 'k' })
    expect(await causes(api.client.update(ships, { ...made, spec: { masts: 1, keel: 'other' } }))).toEqual([
      'spec.keel: Invalid value: "object": the keel stays',
    ])
    // Not before the rest is right.
    expect(await causes(launch('c', { masts: 'six' }))).toEqual([
      'spec.masts: Invalid value: "string": spec.masts in body must be of type integer: "string"',
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ])
  })

  it('are refused when a rule exceeds the cost limit, without running the rules after it', async () => {
    await define(
      spec(
        { list: { type: 'array', items: { type: 'integer' }, maxItems: 1_000 } },
        {
          'x-kubernetes-validations': [
            { rule: 'self.list[9999] == 1' },
            { rule: 'self.list.all(a, self.list.all(b, a + b >= 0))', message: 'sums' },
            { rule: 'false' },
          ],
        },
      ),
    )
    expect(await causes(launch('a', { list: Array.from({ length: 1_000 }, (_, i) => i) }))).toEqual([
      'spec: Invalid value: "object": index out of bounds: 9999 evaluating rule: self.list[9999] == 1',
      'spec: Invalid value: "object": \'operation cancelled: actual cost limit exceeded\': no further validation rules will be run due to call cost exceeds limit for rule: sums',
    ])
  })

  it('are texts to their rules where the format is none, whatever it is called', async () => {
    const motto = { type: 'string', format: 'constructor', maxLength: 9 }
    await define(spec({ motto: { ...motto, 'x-kubernetes-validations': [{ rule: "self == 'on'" }] } }))
    expect((await launch('a', { motto: 'on' })).spec).toEqual({ motto: 'on' })
  })

  it('are checked by rules with an optional oldSelf on create and update', async () => {
    const rule = 'oldSelf.hasValue() ? self >= oldSelf.value() : self == 1'
    await define(
      spec({
        masts: {
          type: 'integer',
          'x-kubernetes-validations': [{ rule, message: 'only grows', optionalOldSelf: true }],
        },
      }),
    )
    expect(await causes(launch('a', { masts: 2 }))).toEqual(['spec.masts: Invalid value: "integer": only grows'])
    const made = await launch('a', { masts: 1 })
    const grown = await api.client.update(ships, { ...made, spec: { masts: 3 } })
    expect(await causes(api.client.update(ships, { ...grown, spec: { masts: 2 } }))).toEqual([
      'spec.masts: Invalid value: "integer": only grows',
    ])
  })

  it('that violate a stricter schema can be changed in other fields', async () => {
    const { metadata, spec: defined } = await define(spec({ masts: { type: 'integer' }, keel: { type: 'string' } }))
    const made = await launch('a', { masts: 9, keel: 'oak' })
    const strict = spec({
      masts: { type: 'integer', maximum: 5, 'x-kubernetes-validations': [{ rule: 'self < 6', message: 'too many' }] },
      keel: { type: 'string' },
    })
    const versions = defined.versions.map((version) => ({ ...version, schema: { openAPIV3Schema: strict } }))
    await api.client.patch(
      customResourceDefinitions,
      { name: metadata.name ?? '' },
      { type: 'merge', body: { spec: { versions } } },
    )
    await expect.poll(() => launch('b', { masts: 9 }).catch(() => 'refused')).toBe('refused')
    const changed = await api.client.update(ships, { ...made, spec: { masts: 9, keel: 'ash' } })
    expect(changed.spec).toEqual({ masts: 9, keel: 'ash' })
    expect(await causes(api.client.update(ships, { ...changed, spec: { masts: 8, keel: 'ash' } }))).toEqual([
      'spec.masts: Invalid value: 8: spec.masts in body should be less than or equal to 5',
      'spec.masts: Invalid value: "integer": too many',
    ])
  })

  it('have status and scale subresources where the definition declares them', async () => {
    await define(
      {
        type: 'object',
        properties: {
          spec: { type: 'object', properties: { replicas: { type: 'integer' } } },
          status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
        },
      },
      {
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
      },
    )
    const made = await api.client.create(ships, { ...ship('a', { replicas: 2 }), status: { replicas: 9 } })
    expect(made.status).toBeUndefined()
    const ref = { namespace: 'port', name: 'a' }
    await api.client.patch(
      ships,
      ref,
      { type: 'merge', body: { status: { replicas: 1, selector: 'a=b' } } },
      { subresource: 'status' },
    )
    const path = '/apis/sea.example.com/v1/namespaces/port/ships/a/scale'
    expect(await api.client.transport.request({ method: 'GET', path })).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'a=b' },
    })
  })

  it('have the declared columns and selectable fields', async () => {
    await define(spec({ color: { type: 'string' }, masts: { type: 'integer' } }), {
      additionalPrinterColumns: [
        { name: 'Color', type: 'string', jsonPath: '.spec.color' },
        { name: 'Masts', type: 'integer', jsonPath: '.spec.masts', priority: 1 },
      ],
      selectableFields: [{ jsonPath: '.spec.color' }],
    })
    await launch('a', { color: 'red', masts: 2 })
    await launch('b', { color: 'blue' })
    const { items } = await api.client.list(ships, { fieldSelector: 'spec.color=blue' })
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['b'])
    const table = (await api.client.transport.request({
      method: 'GET',
      path: '/apis/sea.example.com/v1/ships',
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    })) as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] }
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Color', 'Masts'])
    expect(table.rows.map(({ cells }) => cells)).toEqual([
      ['a', 'red', 2],
      ['b', 'blue', null],
    ])
  })

  it('are served in every version and stored in one', async () => {
    const schema = {
      openAPIV3Schema: spec({ masts: { type: 'integer' } }),
    } as NonNullable<CustomResourceDefinitionVersion['schema']>
    await define(spec({ masts: { type: 'integer' } }), {}, [{ name: 'v2', served: true, storage: false, schema }])
    const second = { ...ships, version: 'v2' }
    await api.client.create(second, ship('a', { masts: 1 }))
    expect(await api.client.get(ships, { namespace: 'port', name: 'a' })).toMatchObject({
      apiVersion: 'sea.example.com/v1',
    })
    expect(await api.client.get(second, { namespace: 'port', name: 'a' })).toMatchObject({
      apiVersion: 'sea.example.com/v2',
    })
  })
})

describe('a definition', () => {
  it('is in discovery and both OpenAPI documents until it is deleted', async () => {
    await define(spec({ masts: { type: 'integer', description: 'Poles.' } }))
    const read = async (path: string): Promise<string> =>
      JSON.stringify(await api.client.transport.request({ method: 'GET', path }))
    expect(await read('/apis/sea.example.com/v1')).toContain('"shortNames":["sh"]')
    expect(await read('/openapi/v3/apis/sea.example.com/v1')).toContain('Poles.')
    expect(await read('/openapi/v2')).toContain('com.example.sea.v1.Ship')
    await api.client.delete(customResourceDefinitions, { name: 'ships.sea.example.com' })
    await expect.poll(() => read('/apis')).not.toContain('sea.example.com')
    expect(await read('/openapi/v2')).not.toContain('com.example.sea.v1.Ship')
  })

  it('deletes its objects when it is deleted, and ends their watches', async () => {
    await define(spec({ masts: { type: 'integer' } }))
    await launch('a')
    const seen: string[] = []
    const ended = new Promise<void>((resolve) => {
      api.client.transport.watch(
        { path: '/apis/sea.example.com/v1/ships?watch=1' },
        { events: (events) => void seen.push(...events.map(({ type }) => type)), closed: () => resolve() },
      )
    })
    await expect.poll(() => seen).toEqual(['ADDED'])
    await api.client.delete(customResourceDefinitions, { name: 'ships.sea.example.com' })
    await ended
    expect(seen).toEqual(['ADDED', 'DELETED'])
    await expect
      .poll(() =>
        api.client.get(customResourceDefinitions, { name: 'ships.sea.example.com' }).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone')
    await define(spec({ masts: { type: 'integer' } }))
    expect((await api.client.list(ships)).items).toEqual([])
  })

  it('that reuses the names of another is not accepted', async () => {
    await define(spec({}))
    await api.client.create(customResourceDefinitions, {
      metadata: { name: 'boats.sea.example.com' },
      spec: {
        group: 'sea.example.com',
        scope: 'Namespaced',
        names: { plural: 'boats', singular: 'boat', kind: 'Ship' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    })
    await expect
      .poll(async () => {
        const { status } = await api.client.get(customResourceDefinitions, { name: 'boats.sea.example.com' })
        return status?.conditions?.map(({ type, status: value, reason }) => `${type} ${value} ${reason ?? ''}`)
      })
      .toEqual(['NamesAccepted False KindConflict', 'Established False NotAccepted'])
  })

  it('in a protected group needs approval, and reports it in a condition', async () => {
    const definition = (approval: string): CustomResourceDefinition => ({
      metadata: { name: 'ships.sea.k8s.io', annotations: { 'api-approved.kubernetes.io': approval } },
      spec: {
        group: 'sea.k8s.io',
        scope: 'Cluster',
        names: { plural: 'ships', kind: 'Ship' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    })
    const create = (approval: string): Promise<unknown> =>
      api.client.create(customResourceDefinitions, definition(approval))
    expect(await causes(create('of course'))).toEqual([
      expect.stringContaining('with either a URL or a reason starting with "unapproved"'),
    ])
    await create('unapproved, a test')
    await expect
      .poll(async () => {
        const { status } = await api.client.get(customResourceDefinitions, { name: 'ships.sea.k8s.io' })
        return status?.conditions?.map(({ type, status: value }) => `${type} ${value}`)
      })
      .toEqual(['NamesAccepted True', 'Established True', 'KubernetesAPIApprovalPolicyConformant False'])
  })

  it('that is not structural is refused with the path of every error', async () => {
    const bad: Schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            untyped: {},
            list: { type: 'array' },
            broken: { type: 'string', pattern: '(' },
            wrong: { type: 'integer', default: 'x' },
          },
          'x-kubernetes-validations': [{ rule: 'self.' }],
        },
      },
    }
    const at = 'spec.validation.openAPIV3Schema.properties[spec]'
    expect((await causes(define(bad))).map((cause) => cause.slice(0, cause.indexOf(': ')))).toEqual([
      `${at}.properties[untyped].type`,
      `${at}.properties[list].items`,
      `${at}.properties[broken].pattern`,
    ])
  })

  it('has its defaults and rules checked once it is structural', async () => {
    const wrong = { type: 'integer', default: 'x' }
    const rules = [{ rule: 'self.' }]
    const bad: Schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { wrong } } },
    }
    const at = 'spec.validation.openAPIV3Schema.properties[spec]'
    expect((await causes(define(bad))).map((cause) => cause.slice(0, cause.indexOf(': ')))).toEqual([
      `${at}.properties[wrong].default`,
    ])
    const ruled: Schema = {
      type: 'object',
      properties: { spec: { type: 'object', 'x-kubernetes-validations': rules } },
    }
    expect((await causes(define(ruled))).map((cause) => cause.slice(0, cause.indexOf(': ')))).toEqual([
      `${at}.x-kubernetes-validations[0].rule`,
    ])
  })

  it('says no more at its root than what both spec and status may have, where the status is a subresource', async () => {
    const schema: Schema = { type: 'object', properties: {}, allOf: [{ maxProperties: 30 }] }
    const [cause] = await causes(define(schema, { subresources: { status: {} } }))
    expect(cause).toContain('spec.validation.openAPIV3Schema: Invalid value: {"ID":""')
    expect(cause).toContain('fields are allowed at the root of the schema if the status subresource is enabled')
  })
})
