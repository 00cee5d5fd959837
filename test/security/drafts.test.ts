import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call } from '@orpc/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openAppData, SecretDraftError, type AppData } from '#main/contexts/app-data.ts'
import type { Helm } from '#main/helm/index.ts'
import type { Builds } from '#main/contexts/builds/index.ts'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'
import type { PortForwards } from '#main/contexts/port-forwards/index.ts'
import { createRouter } from '#main/rpc/index.ts'
import type { ConfirmedActions } from '#main/yours/confirmed.ts'
import type { YoursStore } from '#main/yours/index.ts'

/** Wall 9: no draft on disk holds the data of a Secret, however its text is written and whichever way it comes. */

let dir: string
let data: AppData
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-drafts-'))
  data = await openAppData({ dir })
})
afterEach(() => rm(dir, { recursive: true }))

const value = 'aHVudGVyMg=='
const plainMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  k: v\n'
const key = 'local:dev/v1/ConfigMap/default/c'
const onDisk = async (): Promise<string> =>
  (await Promise.all((await readdir(dir)).map((file) => readFile(join(dir, file), 'utf8')))).join('\n')

const json = (object: unknown): string => JSON.stringify(object)
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { password: value } }

const secrets: [name: string, text: string][] = [
  ['block YAML', `apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  password: ${value}\n`],
  ['JSON on one line', json(secret)],
  ['JSON on many lines', JSON.stringify(secret, null, 2)],
  ['flow YAML', `{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {password: ${value}}}`],
  ['flow YAML with the kind last', `{data: {password: ${value}}, metadata: {name: s}, kind: Secret}`],
  ['an item of a list', `- kind: Secret\n  metadata: {name: s}\n  data: {password: ${value}}\n`],
  ['an item of a List', `apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  data: {password: ${value}}\n`],
  ['an item of a List as JSON', json({ apiVersion: 'v1', kind: 'List', items: [secret] })],
  ['a SecretList', json({ apiVersion: 'v1', kind: 'SecretList', items: [{ data: { password: value } }] })],
  ['an item without a kind', json({ apiVersion: 'v1', kind: 'List', items: [{ data: { password: value } }] })],
  ['a tagged kind', `kind: !!str Secret\ndata: {password: ${value}}\n`],
  ['a kind with a verbatim tag', `kind: !<tag:yaml.org,2002:str> Secret\ndata: {password: ${value}}\n`],
  ['a tagged key', `!!str kind: Secret\ndata: {password: ${value}}\n`],
  ['a binary kind', `kind: !!binary U2VjcmV0\ndata: {password: ${value}}\n`],
  ['a quoted kind', `"kind": 'Secret'\ndata: {password: ${value}}\n`],
  ['an escaped kind', `kind: "\\x53ecret"\ndata: {password: ${value}}\n`],
  ['an escaped kind in JSON', `{"kind":"\\u0053\\u0065cret","data":{"password":"${value}"}}`],
  ['an escaped key', `"k\\u0069nd": Secret\ndata: {password: ${value}}\n`],
  ['a kind over two lines', `kind: "Sec\\\n  ret"\ndata: {password: ${value}}\n`],
  ['a folded kind', `kind: >-\n  Secret\ndata: {password: ${value}}\n`],
  ['an explicit key', `? kind\n: Secret\n? data\n: {password: ${value}}\n`],
  ['a kind with a comment', `kind: Secret # mine\ndata: {password: ${value}}\n`],
  ['an aliased kind', `metadata: {name: &k Secret}\nkind: *k\ndata: {password: ${value}}\n`],
  ['an aliased object', `kind: List\nx: &s {kind: Secret, data: {password: ${value}}}\nitems: [*s]\n`],
  ['merged fields', `kind: List\nb: &b {kind: Secret}\nitems:\n- <<: *b\n  data: {password: ${value}}\n`],
  ['the second document', `${plainMap}---\nkind: Secret\ndata: {password: ${value}}\n`],
  ['the first of two documents', `kind: Secret\ndata: {password: ${value}}\n---\n${plainMap}`],
  ['a document after an end mark', `${plainMap}...\n---\n{kind: Secret, data: {password: ${value}}}\n`],
  ['stringData', `kind: Secret\nstringData: {password: ${value}}\n`],
  ['stringData before the kind is written', `stringData:\n  password: ${value}\n`],
  ['data before the kind is written', `apiVersion: v1\ndata:\n  password: ${value}\n`],
  ['a kind that is being written', `kind: Secr\ndata:\n  password: ${value}\n`],
  ['a kind in lower case', `kind: secret\ndata:\n  password: ${value}\n`],
  ['a duplicate kind', `kind: ConfigMap\nkind: Secret\ndata: {password: ${value}}\n`],
  ['a byte order mark', `\uFEFFkind: Secret\ndata: {password: ${value}}\n`],
  ['Windows line ends', `kind: Secret\r\ndata:\r\n  password: ${value}\r\n`],
  ['text that is no YAML yet', `kind: Secret\ndata:\n  password: ${value}\n bad: [\n`],
  ['JSON that is cut off', json(secret).slice(0, -2)],
  ['broken text with an escaped kind', `{"kind":"\\u0053ecret","data":{"password":"${value}"`],
  ['broken text without a kind', `data:\n  password: ${value}\n bad: [\n`],
  ['a broken document beside a good one', `${plainMap}---\nkind: Secret\ndata: {password: ${value}\n`],
  ['comments', `${plainMap}# kind: Secret\n# data:\n#   password: ${value}\n`],
  ['comments that are no YAML', `${plainMap}# kind: Secret\n# data: [\n#   password: ${value}\n`],
  [
    'the annotation of kubectl apply',
    json({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': json(secret) } },
    }),
  ],
  ['a manifest in a ConfigMap', json({ kind: 'ConfigMap', data: { 'a.yaml': `x: 1\n---\n${json(secret)}` } })],
  ['an object inside another', json({ kind: 'Bundle', spec: { resources: [{ raw: secret }] } })],
]

describe.each(['text', 'base'] as const)('a Secret in the %s of a draft is not stored', (field) => {
  test.each(secrets)('%s', async (_name, text) => {
    const draft = { key, text: plainMap, base: plainMap, savedAt: 0, [field]: text }
    await expect(data.saveDraft(draft)).rejects.toBeInstanceOf(SecretDraftError)
    expect(await data.drafts()).toEqual([])
    expect(await onDisk()).not.toContain(value)
  })
})

test('a draft whose key is of a Secret is not stored', async () => {
  const draft = { key: 'local:dev/v1/Secret/default/s', text: 'anything', savedAt: 0 }
  await expect(data.saveDraft(draft)).rejects.toBeInstanceOf(SecretDraftError)
})

test('the contract refuses it, and says why', async () => {
  const router = createRouter({
    diagnostics: () => Promise.reject(new Error('none')),
    app: {
      info: { version: '0', mode: 'headless', platform: 'linux', dataFolder: '' },
      data,
      updates: () => Promise.resolve({ offered: false }),
      samples: () => Promise.resolve([]),
      shellRequests: { onRequest: () => () => undefined },
      quit: () => undefined,
    },
    builds: {} as Builds,
    clusters: {} as LocalClusters,
    helm: {} as Helm,
    addedFiles: { add: () => Promise.resolve(), remove: () => Promise.resolve() },
    contexts: {
      list: () => Promise.resolve({ contexts: [], problems: [] }),
      onChange: () => () => undefined,
      get: () => undefined,
      requireWritable: () => Promise.resolve(),
    },
    forwards: {} as PortForwards,
    yours: {} as YoursStore,
    confirmed: {} as ConfirmedActions,
  })
  const refused = call(router.app.saveDraft, { key, text: json(secret), savedAt: 0 })
  await expect(refused).rejects.toMatchObject({ code: 'FAILED', message: 'Secrets are not saved as drafts' })
  expect(await onDisk()).not.toContain(value)
})

test('drafts of Secrets that an earlier version stored leave the disk', async () => {
  const line = (_id: string, text: string): string => JSON.stringify({ _id, key: _id, text, savedAt: 0 })
  await writeFile(join(dir, 'drafts.db'), `${line('a', json(secret))}\n${line('b', plainMap)}\n`)
  const opened = await openAppData({ dir })
  expect((await opened.drafts()).map(({ key: each }) => each)).toEqual(['b'])
  expect(await onDisk()).not.toContain(value)
})

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name: 's', uid: 'u' }] },
  spec: {
    template: {
      spec: {
        volumes: [{ secret: { secretName: 's' } }],
        containers: [{ name: 'c', env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 's', key: 'p' } } }] }],
      },
    },
  },
}
test.each([
  ['a ConfigMap', plainMap],
  ['nothing', ''],
  ['the first line of a manifest', 'apiVersion: v1\n'],
  ['an object that refers to Secrets', json(deployment)],
  [
    'a kind with Secret in its name',
    json({ apiVersion: 'e/v1', kind: 'SealedSecret', spec: { encryptedData: { a: 'b' } } }),
  ],
  ['a role for Secrets', json({ kind: 'Role', rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] })],
  ['a comment about Secrets', `# The password is in the Secret of the shop.\n${plainMap}`],
  ['a script in a ConfigMap', json({ kind: 'ConfigMap', data: { run: 'kubectl get secret "$1" -o yaml' } })],
  ['broken text of another kind', 'kind: ConfigMap\ndata: {a: b\n'],
  ['several documents', `${plainMap}---\n${json(deployment)}\n`],
])('%s is stored', async (_name, text) => {
  await data.saveDraft({ key, text, base: plainMap, savedAt: 1 })
  expect(await data.drafts()).toEqual([{ key, text, base: plainMap, savedAt: 1 }])
})

test.each([
  ['large', `${plainMap}---\n`.repeat(40_000)],
  ['large and full of the word', `${plainMap}# secret\n---\n`.repeat(40_000)],
  ['deep', '['.repeat(200_000)],
  ['deep in blocks', '- '.repeat(100_000)],
  ['an alias bomb', aliasBomb()],
])('a text that is %s is judged in bounded time', async (_name, text) => {
  const begun = performance.now()
  await data.saveDraft({ key, text, savedAt: 1 }).catch(() => undefined)
  expect(performance.now() - begun).toBeLessThan(3_000)
})

test('a Secret among many documents is found', async () => {
  const text = `${`${plainMap}---\n`.repeat(10_000)}${json(secret)}\n---\n${plainMap}`
  await expect(data.saveDraft({ key, text, savedAt: 1 })).rejects.toBeInstanceOf(SecretDraftError)
})

/** Nine lists, each of nine times the one before: nine lines that stand for a third of a billion values. */
function aliasBomb(): string {
  const lines = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`)
  return ['l0: &l0 [x]', ...lines].join('\n')
}
