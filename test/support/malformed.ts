import { gzipSync } from 'node:zlib'
import type { KindDeclaration } from '#main/cluster/apiserver/api/kind.ts'
import { loadSchema, type OpenApiSchema } from '#main/cluster/apiserver/schema/schema.ts'

/** A request that no API server may accept, and how it must be refused. */
export interface Malformed {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  type: string
  body: string | Uint8Array | undefined
  headers: Readonly<Record<string, string>>
  /** Codes that are right; any of 4xx when unset. */
  codes: readonly number[] | undefined
  /** The body is sent in chunks, with no length announced. */
  chunked: boolean
  what: string
}

/** The ConfigMap that must be there for the patches of `badRequests`, and must be unchanged at the end. */
export const kept = { metadata: { name: 'kept' }, data: { a: '1' } }

const configMaps = '/api/v1/namespaces/default/configmaps'
const json = 'application/json'
const yaml = 'application/yaml'
const protobuf = 'application/vnd.kubernetes.protobuf'
const MiB = 1024 * 1024

/** A request with nothing wrong: a GET of the ConfigMaps of `default`. */
export const plain = (): Malformed => ({
  method: 'GET',
  path: configMaps,
  type: json,
  body: undefined,
  headers: {},
  codes: undefined,
  chunked: false,
  what: '',
})

type Part = Partial<Omit<Malformed, 'body'>> & { body?: unknown }

/** Fills in what a part leaves open: a POST of JSON to the ConfigMaps of `default`. */
const malformed = ({ body, ...part }: Part): Malformed => ({
  ...plain(),
  method: 'POST',
  ...part,
  body: body === undefined || body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body),
})

/** Numbers from 0 up to 1, the same ones for the same seed. */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const map = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'bad' },
  ...more,
})

/** All of them, by what is wrong with them; the same ones for the same seed. */
export function badRequests(kinds: readonly KindDeclaration[], seed: number): Record<string, Malformed[]> {
  const random = randomFrom(seed)
  const upTo = (limit: number): number => Math.floor(random() * limit)
  const groups: Record<string, Part[]> = {
    'a value of the wrong type at every field of every kind': wrongTypesOf(kinds),
    'bodies that are cut short or in no known encoding': [...brokenText(upTo), ...badEncodings()],
    'bodies that are too big or too deep': [...tooBig(), ...tooDeep()],
    'bodies of far too many parts': tooMany(),
    'fields that are unknown or repeated': strictFields(),
    'protobuf that is cut, garbled or of another kind': brokenProtobuf(upTo),
    'names, labels and selectors that cannot be': [...badNames(), ...badSelectors()],
    'paths and parameters that cannot be': badPaths(),
    'patches that cannot be applied': badPatches(),
    'parts of objects that no subresource takes': badSubresources(),
    'headers that ask for what there is not': badHeaders(),
  }
  return Object.fromEntries(Object.entries(groups).map(([what, parts]) => [what, parts.map(malformed)]))
}

// Wrong types

const schema = loadSchema()
/** Down to here each field is tried wherever it is; below, once for each type that has it. */
const deepest = 4

function wrongTypesOf(kinds: readonly KindDeclaration[]): Part[] {
  const seen = new Set<string>()
  return kinds.flatMap(({ group, version, kind, plural, namespaced, schema: name }) => {
    const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const path = `${base}${namespaced ? '/namespaces/default' : ''}/${plural}`
    const apiVersion = group === '' ? version : `${group}/${version}`
    return [...fieldsOf({ $ref: `#/${name}` }, [], seen)].map(({ at, value }) => ({
      path,
      what: `${kind}.${at.join('.')}`,
      codes: [400, 403, 405, 422],
      body: { apiVersion, kind, ...(nest(at, value) as object) },
    }))
  })
}

function* fieldsOf(
  part: OpenApiSchema,
  at: readonly string[],
  seen: Set<string>,
): Generator<{ at: readonly string[]; value: unknown }> {
  const ref = part.$ref ?? (part as { allOf?: OpenApiSchema[] }).allOf?.[0]?.$ref
  const name = ref?.slice(ref.lastIndexOf('/') + 1)
  const node = name === undefined ? part : schema.definition(name)
  if (!node?.type) return
  if (at.length > 0) yield { at, value: node.type === 'object' || node.type === 'array' ? 'wrong' : { wrong: [] } }
  if (at.length >= deepest && name !== undefined) {
    if (seen.has(name)) return
    seen.add(name)
  }
  if (node.type === 'array' && node.items) yield* fieldsOf(node.items, [...at, '[]'], seen)
  for (const [field, child] of Object.entries(node.properties ?? {}))
    // fieldsV1 takes any JSON; what it cannot use is dropped.
    if (field !== 'fieldsV1' && (at.length > 0 || (field !== 'kind' && field !== 'apiVersion')))
      yield* fieldsOf(child, [...at, field], seen)
}

const nest = ([first, ...rest]: readonly string[], value: unknown): unknown =>
  first === undefined ? value : first === '[]' ? [nest(rest, value)] : { [first]: nest(rest, value) }

// Broken bodies

const small = JSON.stringify(map({ data: { key: 'value' }, metadata: { name: 'bad', labels: { a: 'b' } } }))

function brokenText(upTo: (limit: number) => number): Part[] {
  const flipped = Array.from({ length: 300 }, () => {
    const bytes = Buffer.from(small)
    bytes[upTo(bytes.length)] = [0, 1, 0x0a, 0x80, 0xff][upTo(5)] ?? 0
    return Buffer.concat([bytes, Buffer.from([0])])
  })
  return [
    ...Array.from({ length: small.length - 1 }, (_, at) => ({
      body: small.slice(0, at + 1),
      what: `cut at ${at}`,
      codes: [400],
    })),
    ...flipped.map((body, at) => ({ body, what: `flipped ${at}`, codes: [400] })),
    ...['null', '1', '"x"', 'true', '[]', '[{}]', '', ' ', '\ufeff', 'NaN', '{}{}', `${small}x`].flatMap((body) =>
      [json, yaml].map((type) => ({ body, type, what: `${type} ${JSON.stringify(body).slice(0, 40)}` })),
    ),
  ]
}

function badEncodings(): Part[] {
  const name = (bytes: number[]): Buffer =>
    Buffer.concat([Buffer.from('{"metadata":{"name":"'), Buffer.from(bytes), Buffer.from('"}}')])
  const utf16 = Buffer.from(small, 'utf16le')
  return [
    // A lone continuation byte, an overlong slash, a surrogate in UTF-8, beyond U+10FFFF, and one cut short.
    ...[[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]].flatMap((bytes) =>
      [json, yaml].map((type) => ({ body: name(bytes), type, what: `${type} bytes ${bytes.join(' ')}` })),
    ),
    { body: '{"metadata":{"name":"\\ud800"}}', what: 'lone surrogate', codes: [422] },
    { body: '{"metadata":{"name":"\\u0000"}}', what: 'NUL', codes: [422] },
    { body: utf16, what: 'UTF-16', codes: [400] },
    { body: Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), what: 'UTF-16 with its mark', codes: [400] },
    { body: utf16, type: yaml, what: 'UTF-16 YAML', codes: [400] },
    { body: gzipSync(small), headers: { 'content-encoding': 'gzip' }, what: 'gzip', codes: [400, 415] },
    {
      body: gzipSync(Buffer.alloc(300 * MiB)),
      headers: { 'content-encoding': 'gzip' },
      what: 'gzip bomb',
      codes: [400],
    },
    { body: small.slice(3), headers: { 'content-encoding': 'gzip' }, what: 'no gzip', codes: [400, 415] },
    ...['text/plain', 'image/png', 'application/x-www-form-urlencoded', '/', ';', 'application/jso'].map((type) => ({
      body: small,
      type,
      what: type,
      codes: [415],
    })),
    ...[
      'a: [',
      'a: b: c',
      '\t- a',
      '%YAML 9.9',
      '---\n---\n',
      '"',
      "'",
      '!!binary x',
      '*a',
      '? :',
      'a: |\nb',
      '- a\nb: c',
    ].map((body) => ({ body, type: yaml, what: `YAML ${JSON.stringify(body)}` })),
  ]
}

// Size and depth

function tooBig(): Part[] {
  const big = (size: number): string => `{"metadata":{"name":"bad"},"spec":{"x":"${'x'.repeat(size)}"}}`
  return [
    ...[false, true].map((chunked) => ({
      body: `{"a":"${'x'.repeat(3 * MiB)}"}`,
      chunked,
      what: 'body of 3 MiB',
      codes: [413],
    })),
    { body: Buffer.alloc(6 * MiB, 0x20), chunked: true, what: '6 MiB of spaces', codes: [413] },
    { body: Buffer.alloc(3 * MiB, 0x20), what: '3 MiB of spaces', codes: [400] },
    { body: Buffer.alloc(3 * MiB, 0x20), type: yaml, what: '3 MiB of spaces in YAML', codes: [400] },
    { body: big(3 * MiB), type: protobuf, what: 'protobuf body of 3 MiB', codes: [413] },
    { body: map({ data: { a: 'x'.repeat(MiB + 1) } }), what: 'ConfigMap of 1 MiB', codes: [422] },
    {
      path: '/api/v1/namespaces/default/secrets',
      body: { metadata: { name: 'bad' }, stringData: { a: 'x'.repeat(MiB + 1) } },
      what: 'Secret of 1 MiB',
      codes: [422],
    },
    {
      body: map({ metadata: { name: 'bad', annotations: { a: 'x'.repeat(256 * 1024 + 1) } } }),
      what: 'annotations of 256 KiB',
      codes: [422],
    },
    ...[1.6, 2, 2.9].map((size) => ({
      path: '/api/v1/namespaces/default/podtemplates',
      body: {
        metadata: { name: 'bad' },
        template: {
          spec: { containers: [{ name: 'a', image: 'b', args: ['x'.repeat(Math.floor(size * MiB))] }] },
        },
      },
      what: `object of ${size} MiB`,
      codes: [413],
    })),
  ]
}

function tooDeep(): Part[] {
  const deep = ['[', '{"a":', '{"metadata":', '[{"a":'].flatMap((open) => [open.repeat(10_000), open.repeat(200_000)])
  const closed = [10_000, 500_000].flatMap((depth) => [
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    `{"data":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`,
    `{"nothing":${'['.repeat(depth)}${']'.repeat(depth)},"metadata":{"name":7}}`,
  ])
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghij', (at, index) => `${at}: &${at} [${`*${'abcdefghij'[index] ?? ''},`.repeat(9)}]`).join('\n')}\n`
  const indented = Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')
  return [
    ...[...deep, ...closed].flatMap((body) =>
      body.length > 3 * MiB
        ? []
        : [json, yaml].map((type) => ({ body, type, what: `deep ${type} ${body.slice(0, 12)}`, codes: [400, 422] })),
    ),
    { body: bomb, type: yaml, what: 'YAML bomb', codes: [400] },
    { body: 'a: &a\n  <<: *a\n', type: yaml, what: 'merge of itself', codes: [400] },
    { body: '- '.repeat(10_000), type: yaml, what: 'deep YAML sequence', codes: [400] },
    { body: '- '.repeat(500_000), type: yaml, what: 'deeper YAML sequence', codes: [400] },
    { body: '? '.repeat(10_000), type: yaml, what: 'deep YAML keys', codes: [400] },
    { body: indented, type: yaml, what: 'deep YAML mapping', codes: [400] },
    { body: `a: ${'&a '.repeat(10_000)}`, type: yaml, what: 'many anchors', codes: [400] },
    { body: `a: ${'!a '.repeat(10_000)}`, type: yaml, what: 'many tags', codes: [400] },
  ]
}

/** What is well-formed and cheap to send, but takes long to read or to complain of. */
function tooMany(): Part[] {
  const repeat = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, i) => text(i)).join(',')
  const bodies = {
    'numbers in data': `{"metadata":{"name":"bad"},"data":[${repeat(1_000_000, () => '0')}]}`,
    'empty lists': `{"metadata":{"name":"bad"},"data":[${repeat(900_000, () => '[]')}]}`,
    'unknown fields': `{"metadata":{"name":"B"},${repeat(200_000, (i) => `"x${i}":1`)}}`,
    'repeated fields': `{"metadata":{"name":"B"},${repeat(300_000, () => '"data":{}')}}`,
    'bad keys': `{"metadata":{"name":"bad"},"data":{${repeat(150_000, (i) => `"/${i}":""`)}}}`,
    'bad labels': `{"metadata":{"name":"bad","labels":{${repeat(100_000, (i) => `"/${i}":"/"`)}}}}`,
    'bad finalizers': `{"metadata":{"name":"bad","finalizers":[${repeat(200_000, () => '"/"')}]}}`,
    'bad owners': `{"metadata":{"name":"bad","ownerReferences":[${repeat(200_000, () => '{}')}]}}`,
    'managed fields': `{"metadata":{"name":"bad","managedFields":[${repeat(200_000, () => '{}')}]}}`,
    escapes: `{"metadata":{"name":"${'\\u0041'.repeat(400_000)}"}}`,
  }
  const pod = (containers: string): string => `{"metadata":{"name":"bad"},"spec":{"containers":[${containers}]}}`
  const pods = {
    containers: pod(repeat(200_000, () => '{}')),
    'containers of one name': pod(repeat(50_000, () => '{"name":"a","image":"b","ports":[{}]}')),
    environment: pod(`{"name":"a","image":"b","env":[${repeat(200_000, () => '{}')}]}`),
    ports: pod(`{"name":"a","image":"b","ports":[${repeat(200_000, () => '{"containerPort":0}')}]}`),
    mounts: pod(`{"name":"a","image":"b","volumeMounts":[${repeat(200_000, () => '{}')}]}`),
  }
  const strict = `${configMaps}?fieldValidation=Strict`
  return [
    ...Object.entries(bodies).flatMap(([what, body]) => [
      { body, what },
      { body, path: strict, what: `${what}, strictly` },
    ]),
    ...Object.entries(pods).map(([what, body]) => ({ body, path: '/api/v1/namespaces/default/pods', what })),
    {
      type: yaml,
      body: `metadata: {name: B}\n${repeat(100_000, (i) => `x${i}: 1`).replaceAll(',', '\n')}`,
      what: 'YAML fields',
    },
    { type: yaml, body: `- x\n`.repeat(300_000), what: 'YAML list' },
    { type: yaml, body: `a: 1\n`.repeat(100_000), path: strict, what: 'repeated YAML fields' },
    { type: yaml, body: `[${'0,'.repeat(500_000)}]x`, what: 'YAML flow list' },
    { type: yaml, body: `"${'\\x41'.repeat(300_000)}`, what: 'YAML escapes' },
  ]
}

function strictFields(): Part[] {
  const strict = `${configMaps}?fieldValidation=Strict`
  const repeated = [
    '"metadata":{"name":"a"},"metadata":{"name":"a"}',
    '"data":{"a":"1","a":"2"}',
    '"kind":"ConfigMap","kind":"ConfigMap"',
  ]
  const unknown = [
    '"nothing":1',
    '"metadata":{"name":"a","nothing":1}',
    '"__proto__":{}',
    '"constructor":1',
    '"Data":{}',
  ]
  return [
    ...[...repeated, ...unknown].flatMap((fields) => [
      { path: strict, body: `{${fields}}`, what: `strictly ${fields}`, codes: [400] },
      { path: strict, type: yaml, body: `{${fields},}`, what: `YAML strictly ${fields}`, codes: [400] },
    ]),
    ...['x', 'strict', 'Strict,Warn', '1'].map((text) => ({
      path: `${configMaps}?fieldValidation=${text}`,
      body: map(),
      what: text,
      codes: [400, 422],
    })),
    ...['x', 'all', 'All,All', '1'].map((text) => ({ path: `${configMaps}?dryRun=${text}`, body: map(), what: text })),
  ]
}

// Protobuf

const magic = Buffer.from('k8s\0')

/** A field of bytes: its tag, its length, itself. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

const envelope = (apiVersion: string, kind: string, raw: Uint8Array): Buffer =>
  Buffer.concat([
    magic,
    field(1, Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))])),
    field(2, raw),
  ])

function brokenProtobuf(upTo: (limit: number) => number): Part[] {
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => upTo(256)))
  const good = envelope('v1', 'ConfigMap', field(1, field(1, Buffer.from('Bad Name'))))
  // Schemas nest in schemas: each level is one field that holds the next.
  let schema: Buffer = Buffer.alloc(0)
  for (let level = 0; level < 5_000; level++) schema = field(16, field(1, schema))
  const wrapped = [2, 1, 3, 1].reduceRight((inner, number) => field(number, inner), schema)
  const bodies = {
    empty: Buffer.alloc(0),
    'magic alone': magic,
    'magic cut': Buffer.from('k8s'),
    'endless varint': Buffer.concat([magic, Buffer.alloc(11, 0xff)]),
    'length beyond the end': Buffer.concat([magic, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])]),
    'open groups': Buffer.concat([magic, Buffer.alloc(10_000, 0x0b)]),
    'wire type 7': Buffer.concat([magic, Buffer.from([0x0f])]),
    'another kind': envelope('v1', 'Pod', Buffer.alloc(0)),
    'no kind': envelope('v1', '', Buffer.alloc(0)),
    'unknown kind': envelope('v1', '__proto__', Buffer.alloc(0)),
    'a key that is a prototype': envelope(
      'v1',
      'ConfigMap',
      Buffer.concat([
        field(1, field(1, Buffer.from('Bad'))),
        field(2, Buffer.concat([field(1, Buffer.from('__proto__')), field(2, Buffer.from('x'))])),
      ]),
    ),
    'a million empty parts': envelope('v1', 'ConfigMap', Buffer.alloc(2 * MiB, Buffer.from([0x12, 0]))),
    'JSON in an envelope': Buffer.concat([magic, Buffer.from(small)]),
  }
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  return [
    ...Object.entries(bodies).map(([what, body]) => ({ body, type: protobuf, what: `protobuf: ${what}` })),
    ...Array.from({ length: 300 }, (_, at) => ({
      body: Buffer.concat([magic, Buffer.from([0x12, 0x80 + upTo(128)]), noise(upTo(40))]),
      type: protobuf,
      what: `protobuf noise ${at}`,
    })),
    // Whatever is inside, the name is a bad one: only the code may vary.
    ...Array.from({ length: 200 }, (_, at) => ({
      body: envelope('v1', 'ConfigMap', Buffer.concat([field(1, field(1, Buffer.from('Bad Name'))), noise(upTo(60))])),
      type: protobuf,
      what: `protobuf noise in an object ${at}`,
    })),
    ...Array.from({ length: good.length - 1 }, (_, at) => ({
      body: good.subarray(0, at + 1),
      type: protobuf,
      what: `protobuf cut at ${at}`,
    })),
    {
      path: definitions,
      body: envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', wrapped),
      type: protobuf,
      what: 'protobuf: deep schema',
    },
  ]
}

// Names and selectors

function badNames(): Part[] {
  const names = [
    'Bad',
    '-bad',
    'bad-',
    'a..b',
    'a/b',
    '',
    ' ',
    'ä',
    'a'.repeat(254),
    '.',
    '..',
    '\0',
    '__proto__',
    '\ud800',
  ]
  const keys = [
    '',
    ' ',
    '/a',
    'a/',
    'a/b/c',
    '-',
    'ä',
    'a'.repeat(64),
    '\ud800',
    '\0',
    '__proto__',
    `${'a'.repeat(254)}/b`,
  ]
  const values = ['-', 'a b', 'a'.repeat(64), 'ä', '\ud800', '/', 'a-']
  const withMap = (field: string, key: string, value: string): string =>
    JSON.stringify({ metadata: { name: 'bad', [field]: { X: value } } }).replace('"X"', JSON.stringify(key))
  return [
    ...names.map((name) => ({ body: map({ metadata: { name } }), what: `name ${JSON.stringify(name)}`, codes: [422] })),
    ...['Bad', ' ', '\0', 'ä'].map((generateName) => ({
      body: map({ metadata: { generateName } }),
      what: `generateName ${JSON.stringify(generateName)}`,
      codes: [422],
    })),
    ...['other', 'Bad', ' '].map((namespace) => ({
      body: map({ metadata: { name: 'bad', namespace } }),
      what: `namespace ${namespace}`,
      codes: [400],
    })),
    ...['labels', 'annotations'].flatMap((field) =>
      keys.map((key) => ({
        body: withMap(field, key, 'a'),
        what: `${field} ${JSON.stringify(key)}`,
        codes: [400, 422],
      })),
    ),
    ...values.map((value) => ({
      body: withMap('labels', 'a', value),
      what: `label ${JSON.stringify(value)}`,
      codes: [422],
    })),
    ...['__proto__', '..', ' ', '/', 'a/b', 'ä', 'a'.repeat(254)].map((key) => ({
      body: `{"metadata":{"name":"bad"},"data":{${JSON.stringify(key)}:"x"}}`,
      what: `data ${JSON.stringify(key)}`,
      codes: [400, 422],
    })),
  ]
}

function badSelectors(): Part[] {
  const selectors = [
    ...[
      '=',
      '==a',
      '!',
      '!!a',
      'a in',
      'a in (',
      'a in (b',
      'a notin',
      ',a',
      'a,,b',
      'a=b=c',
      '(',
      ')',
      'a=-',
      '%00',
      'ä=b',
    ],
    ...['a>b', 'a<', 'a>1.5', '/a', 'a/', 'a'.repeat(64), `a=${'b'.repeat(64)}`, 'a in (-)', 'a=b,', '=='],
    ...['('.repeat(5_000), `a in (${'('.repeat(5_000)}`, '!'.repeat(5_000), ','.repeat(5_000), 'a '.repeat(3_000)],
  ]
  return selectors.flatMap((text) => [
    { method: 'GET' as const, path: `${configMaps}?labelSelector=${encodeURIComponent(text)}`, what: 'label selector' },
    {
      method: 'GET' as const,
      path: `${configMaps}?fieldSelector=${encodeURIComponent(`spec.nothing${text}`)}`,
      what: 'field selector',
    },
    {
      method: 'DELETE' as const,
      path: `${configMaps}?labelSelector=${encodeURIComponent(text)}`,
      body: '',
      what: 'deletion by selector',
    },
  ])
}

// Paths

function badPaths(): Part[] {
  const get = (path: string, codes?: readonly number[]): Part => ({ method: 'GET', path, codes })
  const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const tokens = [
    'x',
    '{}',
    'A'.repeat(9_000),
    ...[{}, [], null, 1, { v: 'meta.k8s.io/v1' }, { v: 'meta.k8s.io/v1', rv: '-1', start: 'a' }].map(token),
    ...[
      { v: 'x', rv: 1, start: 'a\u0000' },
      { v: 'meta.k8s.io/v1', rv: 'x', start: 1 },
    ].map(token),
    ...[{ v: 'meta.k8s.io/v1', rv: 1, start: '../../secrets/x\u0000' }].map(token),
  ]
  const parameters = [
    ...['limit=x', 'limit=-', 'limit=1e999', 'resourceVersion=x', 'resourceVersion=-1', 'resourceVersionMatch=x'],
    ...['watch=1&timeoutSeconds=x', 'watch=1&resourceVersion=y', 'watch=1&resourceVersion=-1'],
    ...['resourceVersionMatch=Exact', 'resourceVersionMatch=NotOlderThan', 'sendInitialEvents=true'],
    ...['watch=1&sendInitialEvents=true', 'resourceVersion=0&resourceVersionMatch=Exact'],
  ]
  return [
    ...tokens.map((text) => get(`${configMaps}?limit=1&continue=${encodeURIComponent(text)}`)),
    ...parameters.map((text) => ({
      ...get(`${configMaps}?${text}`),
      // Kubernetes answers 500 to a watch whose revision is no number.
      codes: [400, 422, ...(text.startsWith('watch=1&resourceVersion') ? [500] : [])],
    })),
    ...['/api/v9', '/apis/__proto__/v1/x', '/api/v1/__proto__', '/api/v1/constructor', '/apis/apps/v1/toString'].map(
      (path) => get(path),
    ),
    ...['/api/v1/namespaces/%zz/pods/%', '/%00', `/api/v1/${'a'.repeat(9_000)}`, '/api//v1', '//'].map((path) =>
      get(path),
    ),
    ...['..', '%2e%2e', '%2f', '%00', '%ff', 'a%20b', 'Bad', '__proto__', 'a'.repeat(300)].flatMap((name) => [
      get(`${configMaps}/${name}`, [400, 404, 422]),
      { method: 'DELETE' as const, path: `${configMaps}/${name}`, body: '', codes: [400, 404, 405, 422] },
      { method: 'PUT' as const, path: `${configMaps}/${name}`, body: map(), codes: [400, 404, 405, 422] },
    ]),
    ...['POST', 'PUT', 'PATCH'].flatMap((method) =>
      ['/', '/api', '/apis', '/version', '/openapi/v2', '/api/v1', '/api/v1/nodes/x/status/y'].map((path) => ({
        method: method as 'POST',
        path,
        body: map(),
        what: method,
        codes: [400, 404, 405, 415],
      })),
    ),
    { method: 'POST', path: `${configMaps}/kept`, body: map(), codes: [405] },
    { method: 'PUT', path: configMaps, body: map(), codes: [405] },
    { method: 'PATCH', path: configMaps, body: '{}', type: 'application/merge-patch+json', codes: [405] },
    ...[
      '{"preconditions":7}',
      '{"gracePeriodSeconds":"x"}',
      '{"propagationPolicy":"x"}',
      '[]',
      '1',
      'x',
      '{"kind":"Pod"}',
    ].map((body) => ({ method: 'DELETE' as const, path: `${configMaps}/kept`, body, what: `DeleteOptions ${body}` })),
    { method: 'DELETE', path: `${configMaps}/kept?gracePeriodSeconds=x`, body: '' },
    { method: 'DELETE', path: `${configMaps}/kept?propagationPolicy=x`, body: '' },
    { method: 'DELETE', path: `${configMaps}/kept`, body: { preconditions: { uid: 'x' } }, codes: [409] },
  ]
}

// Patches

function badPatches(): Part[] {
  const patch = (type: string, body: unknown, codes?: readonly number[]): Part => ({
    method: 'PATCH',
    path: `${configMaps}/kept${type === 'apply-patch+yaml' ? '?fieldManager=bad' : ''}`,
    type: `application/${type}`,
    body,
    // Kubernetes answers 500 where a configuration does not have the types of its schema.
    codes: codes ?? (type === 'apply-patch+yaml' ? [400, 404, 409, 422, 500] : undefined),
    what: `${type} ${(typeof body === 'string' ? body : JSON.stringify(body)).slice(0, 80)}`,
  })
  const types = ['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml']
  const pointers = [
    '/__proto__/polluted',
    '/constructor/prototype/polluted',
    '/data/__proto__/polluted',
    'x',
    '/data/~2',
  ]
  const operations = [
    [{ op: 'nothing', path: '/a' }],
    [{ op: 'test', path: '/data/a', value: '2' }],
    [{ op: 'test', path: '/nothing', value: 1 }],
    [{ op: 'remove', path: '/nothing' }],
    [{ op: 'replace', path: '/nothing/at/all', value: 1 }],
    [{ op: 'copy', from: '/nothing', path: '/data/a' }],
    [{ path: '/a' }],
    {},
    [1],
    [null],
    [[]],
    'x',
    7,
    Array.from({ length: 10_001 }, () => ({ op: 'add', path: '/data/a', value: 'x' })),
    // Each copy doubles what there is.
    [
      { op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(1_000) } },
      ...Array.from({ length: 30 }, (_, at) => ({
        op: 'copy',
        from: '/metadata',
        path: `/metadata/annotations/b${at}`,
      })),
    ],
  ]
  const objects = [
    [],
    1,
    'x',
    null,
    { data: [] },
    { data: { a: { b: 1 } } },
    { metadata: 'x' },
    { metadata: { labels: [1] } },
  ]
  const deep = ['['.repeat(10_000) + ']'.repeat(10_000), '{"a":'.repeat(400_000) + '1' + '}'.repeat(400_000)]
  return [
    ...[...pointers, '/metadata/finalizers/99999999999'].flatMap((path) => [
      patch('json-patch+json', [{ op: 'add', path, value: 1 }]),
      patch('json-patch+json', [{ op: 'test', path, value: 1 }]),
      patch('json-patch+json', [{ op: 'move', from: path, path: '/data/a' }]),
    ]),
    ...operations.map((body) => patch('json-patch+json', JSON.stringify(body))),
    ...types.slice(1).flatMap((type) => objects.map((body) => patch(type, JSON.stringify(body)))),
    ...types.flatMap((type) => deep.map((body) => patch(type, body, [400]))),
    ...types.flatMap((type) => ['', ' ', '{', '[', '\ufeff', 'NaN', '{"a":1}}'].map((body) => patch(type, body))),
    ...[
      { $patch: 'nothing' },
      { data: { $patch: 'nothing' } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': 1 } },
      { metadata: { $retainKeys: [1], name: 'other' } },
      // Kubernetes answers 500 to directives that are none.
    ].map((body) => patch('strategic-merge-patch+json', body, [400, 422, 500])),
    ...[
      { metadata: { name: 'other' } },
      { kind: 'Pod' },
      { apiVersion: 'v9' },
      { metadata: { managedFields: [{}] } },
    ].map((body) => patch('apply-patch+yaml', { apiVersion: 'v1', kind: 'ConfigMap', ...body })),
    { ...patch('apply-patch+yaml', map()), path: `${configMaps}/kept`, what: 'apply without a manager' },
    patch('nothing+json', '{}', [415]),
    ...types.map((type) => ({ ...patch(type, type.startsWith('json') ? [] : {}), path: `${configMaps}/none/status` })),
  ]
}

// Subresources

function badSubresources(): Part[] {
  const pods = '/api/v1/namespaces/default/pods'
  const bodies = ['', 'x', '[]', '{}', '1', '{"kind":"Pod"}', '['.repeat(5_000)]
  return [
    `${pods}/none/binding`,
    `${pods}/none/eviction`,
    `${pods}/none/status`,
    `${pods}/none/ephemeralcontainers`,
    '/api/v1/namespaces/none/finalize',
    '/apis/apps/v1/namespaces/default/deployments/none/scale',
    '/apis/apps/v1/namespaces/default/deployments/none/nothing',
    '/apis/certificates.k8s.io/v1/certificatesigningrequests/none/approval',
  ].flatMap((path) =>
    bodies.flatMap((body) => [
      { path, body, what: `POST ${body.slice(0, 20)}` },
      { path, method: 'PUT' as const, body, what: `PUT ${body.slice(0, 20)}` },
    ]),
  )
}

// Headers

function badHeaders(): Part[] {
  return [
    { method: 'GET', headers: { authorization: `Bearer ${'x'.repeat(40 * 1024)}` }, codes: [401], what: 'long token' },
    ...['Bearer', 'Bearer  ', 'Bearer x', 'Basic eDp5', 'nothing'].map((authorization) => ({
      method: 'GET' as const,
      headers: { authorization },
      codes: authorization === 'nothing' || authorization.trim() === 'Bearer' ? [401, 403] : [401, 403],
      what: authorization,
    })),
    ...['image/png', 'application/json;as=Nothing;g=meta.k8s.io;v=v1', 'text/html'].map((accept) => ({
      method: 'GET' as const,
      headers: { accept },
      codes: [406],
      what: accept,
    })),
  ]
}
