import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseExact } from '#shared/kube/exact-json.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { decodeProtobuf } from '../codec/protobuf.ts'
import { encodeProtobuf } from '../codec/protobuf-encode.ts'
import { kinds } from '../kinds/index.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startApiServer({ kinds, store: createMemoryStore() })
})
afterAll(() => api.stop())

const jobs = '/apis/batch/v1/namespaces/default/jobs'
const long = '9007199254740993'
const text = (name: string, seconds = long): string =>
  `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"${name}"},"spec":{"activeDeadlineSeconds":${seconds},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}}}}`

async function ask(
  method: string,
  path: string,
  body?: string | Uint8Array,
  type = 'application/json',
  accept = 'application/json',
): Promise<{ code: number; bytes: Buffer }> {
  const dispatcher = new Agent({ connect: { ca: api.ca } })
  const headers = { authorization: `Bearer ${api.token}`, 'content-type': type, accept }
  const answer = await request(api.url + path, { method, dispatcher, headers, ...(body === undefined ? {} : { body }) })
  const bytes = Buffer.from(await answer.body.arrayBuffer())
  await dispatcher.close()
  return { code: answer.statusCode, bytes }
}

const stored = async (name: string): Promise<string> => (await ask('GET', `${jobs}/${name}`)).bytes.toString()

describe('an integer beyond 2^53 survives', () => {
  it.each<[what: string, type: string, body: (name: string) => string | Uint8Array]>([
    ['JSON', 'application/json', text],
    [
      'YAML',
      'application/yaml',
      (name) =>
        `metadata: {name: ${name}}\nspec:\n  activeDeadlineSeconds: ${long}\n  template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}\n`,
    ],
    [
      'protobuf',
      'application/vnd.kubernetes.protobuf',
      (name) => encodeProtobuf(parseExact(text(name)) as Parameters<typeof encodeProtobuf>[0]),
    ],
  ])('a create in %s', async (what, type, body) => {
    const name = `by-${what.toLowerCase()}`
    expect(await ask('POST', jobs, body(name), type)).toMatchObject({ code: 201 })
    expect(await stored(name)).toContain(`"activeDeadlineSeconds":${long}`)
  })

  it.each([
    ['merge-patch+json', `{"spec":{"activeDeadlineSeconds":${long}}}`],
    ['strategic-merge-patch+json', `{"spec":{"activeDeadlineSeconds":${long}}}`],
    ['json-patch+json', `[{"op":"replace","path":"/spec/activeDeadlineSeconds","value":${long}}]`],
    ['apply-patch+yaml', `{"apiVersion":"batch/v1","kind":"Job","spec":{"activeDeadlineSeconds":${long}}}`],
  ])('a patch of type %s', async (type, body) => {
    const name = type.replace('+', '-')
    await ask('POST', jobs, text(name, '5'))
    const path = `${jobs}/${name}?fieldManager=test&force=true`
    expect(
      await ask('PATCH', path.replace(type.startsWith('apply') ? '' : '&force=true', ''), body, `application/${type}`),
    ).toMatchObject({ code: 200 })
    expect(await stored(name)).toContain(`"activeDeadlineSeconds":${long}`)
  })

  it('answers in YAML and protobuf, lists and an update of something else', async () => {
    await ask('POST', jobs, text('read'))
    const asYaml = await ask('GET', `${jobs}/read`, undefined, '', 'application/yaml')
    expect(asYaml.bytes.toString()).toContain(`activeDeadlineSeconds: ${long}\n`)
    const asProtobuf = await ask('GET', `${jobs}/read`, undefined, '', 'application/vnd.kubernetes.protobuf')
    expect(decodeProtobuf(asProtobuf.bytes)).toMatchObject({ spec: { activeDeadlineSeconds: BigInt(long) } })
    expect((await ask('GET', `${jobs}?fieldSelector=metadata.name%3Dread`)).bytes.toString()).toContain(`:${long}`)
    const changed = (await stored('read')).replace('"metadata":{', '"metadata":{"labels":{"a":"b"},')
    expect(await ask('PUT', `${jobs}/read`, changed)).toMatchObject({ code: 200 })
    expect(await stored('read')).toContain(`"activeDeadlineSeconds":${long}`)
  })
})

it('refuses what a field cannot hold', async () => {
  const replicas = (count: string): Promise<{ code: number; bytes: Buffer }> =>
    ask(
      'POST',
      '/apis/apps/v1/namespaces/default/deployments',
      `{"metadata":{"name":"x"},"spec":{"replicas":${count}}}`,
    )
  for (const count of ['2147483648', long, '-2147483649', '1e10']) {
    const { code, bytes } = await replicas(count)
    expect([code, bytes.toString()]).toEqual([400, expect.stringContaining('of type int32')])
  }
  const { code, bytes } = await ask('POST', jobs, text('x', '9223372036854775808'))
  expect([code, bytes.toString()]).toEqual([400, expect.stringContaining('of type int64')])
})
