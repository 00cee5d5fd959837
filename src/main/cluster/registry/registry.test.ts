import { request } from 'node:http'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { startRegistry, type LocalRegistry } from './server.ts'
import { digestOf } from './store.ts'

let folder: string
let registry: LocalRegistry
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-'))
  registry = await startRegistry({ folder, port: 0, log: silentLog })
})
afterEach(async () => {
  await registry.stop()
  await rm(folder, { recursive: true })
})

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}
function send(
  method: string,
  path: string,
  body: string | Buffer = '',
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port: registry.port, host: '127.0.0.1', method, path, headers, agent: false },
      (answer) => {
        text(answer).then(
          (read) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read }),
          reject,
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
const codeOf = ({ body }: Answer): string => (JSON.parse(body) as { errors: { code: string }[] }).errors[0]?.code ?? ''
const sha = (content: string): string => digestOf(Buffer.from(content))
const blob = async (content: string): Promise<string> => {
  const { status } = await send('POST', `/v2/app/blobs/uploads/?digest=${sha(content)}`, content)
  expect(status).toBe(201)
  return sha(content)
}
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const putManifest = (tag: string, manifest: object): Promise<Answer> =>
  send('PUT', `/v2/app/manifests/${tag}`, JSON.stringify(manifest), { 'content-type': manifestType })

test('a blob comes in chunks, in order, and is what its digest says', async () => {
  expect((await send('GET', '/v2/')).status).toBe(200)
  const begun = await send('POST', '/v2/team/app/blobs/uploads/')
  expect([begun.status, begun.headers.range]).toEqual([202, '0-0'])
  const upload = String(begun.headers.location)
  const first = await send('PATCH', upload, 'hello ', { 'content-range': '0-5' })
  expect([first.status, first.headers.range]).toEqual([202, '0-5'])
  const skipped = await send('PATCH', upload, 'x', { 'content-range': '9-9' })
  expect([skipped.status, codeOf(skipped)]).toEqual([416, 'RANGE_INVALID'])
  expect(await send('GET', upload)).toMatchObject({ status: 204, headers: { range: '0-5' } })
  expect(await send('PUT', `${upload}?digest=${sha('hello world')}`, 'world')).toMatchObject({
    status: 201,
    headers: { 'docker-content-digest': sha('hello world') },
  })
  const path = `/v2/team/app/blobs/${sha('hello world')}`
  expect(await send('HEAD', path)).toMatchObject({ status: 200, headers: { 'content-length': '11' }, body: '' })
  expect((await send('GET', path)).body).toBe('hello world')
  expect(await send('GET', path, '', { range: 'bytes=6-' })).toMatchObject({
    status: 206,
    headers: { 'content-range': 'bytes 6-10/11' },
    body: 'world',
  })
  expect((await send('GET', path, '', { range: 'bytes=11-' })).status).toBe(416)
  expect((await send('POST', `/v2/other/blobs/uploads/?mount=${sha('hello world')}&from=team/app`)).status).toBe(201)
  expect(codeOf(await send('PATCH', upload, 'late'))).toBe('BLOB_UPLOAD_UNKNOWN')
})

test('damaged content is refused and leaves nothing', async () => {
  const refused = await send('POST', `/v2/app/blobs/uploads/?digest=${sha('right')}`, 'wrong')
  expect([refused.status, codeOf(refused)]).toEqual([400, 'DIGEST_INVALID'])
  expect([await readdir(join(folder, 'blobs')), await readdir(join(folder, 'uploads'))]).toEqual([[], []])
  expect(codeOf(await send('GET', `/v2/app/blobs/${sha('right')}`))).toBe('BLOB_UNKNOWN')
})

test('manifests wait for their blobs, are found by tag and digest, and outlive a restart', async () => {
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { digest: sha('config') },
    layers: [{ digest: sha('layer') }],
  }
  expect(codeOf(await putManifest('v1', manifest))).toBe('MANIFEST_BLOB_UNKNOWN')
  await Promise.all([blob('config'), blob('layer')])
  expect((await putManifest('v1', manifest)).status).toBe(201)
  const digest = sha(JSON.stringify(manifest))
  expect(codeOf(await putManifest(sha('other'), manifest))).toBe('DIGEST_INVALID')
  for (const tag of ['v2', 'latest']) await putManifest(tag, manifest)
  await registry.stop()
  registry = await startRegistry({ folder, port: 0, log: silentLog })
  expect(await send('GET', `/v2/app/manifests/${digest}`)).toMatchObject({
    status: 200,
    headers: { 'content-type': manifestType, 'docker-content-digest': digest },
    body: JSON.stringify(manifest),
  })
  expect(JSON.parse((await send('GET', '/v2/app/tags/list?n=2')).body)).toEqual({ name: 'app', tags: ['latest', 'v1'] })
  expect((await send('GET', '/v2/app/tags/list?n=2')).headers.link).toBe('</v2/app/tags/list?n=2&last=v1>; rel="next"')
  expect(JSON.parse((await send('GET', '/v2/app/tags/list?n=2&last=v1')).body)).toEqual({ name: 'app', tags: ['v2'] })
  expect(JSON.parse((await send('GET', '/v2/_catalog')).body)).toEqual({ repositories: ['app'] })

  const signature = { schemaVersion: 2, artifactType: 'signature', layers: [], subject: { digest } }
  expect((await putManifest(sha(JSON.stringify(signature)), signature)).headers['oci-subject']).toBe(digest)
  expect(JSON.parse((await send('GET', `/v2/app/referrers/${digest}?artifactType=signature`)).body)).toMatchObject({
    manifests: [{ digest: sha(JSON.stringify(signature)), artifactType: 'signature' }],
  })
  expect((await send('DELETE', '/v2/app/manifests/v2')).status).toBe(202)
  expect((await send('DELETE', `/v2/app/manifests/${digest}`)).status).toBe(202)
  expect(codeOf(await send('GET', '/v2/app/manifests/v1'))).toBe('MANIFEST_UNKNOWN')
})

test.each([
  ['GET', '/v2/no/manifests/v1', 404, 'MANIFEST_UNKNOWN'],
  ['GET', '/v2/no/tags/list', 404, 'NAME_UNKNOWN'],
  ['GET', '/v2/UPPER/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/a/../b/tags/list', 404, 'NAME_UNKNOWN'],
  ['GET', '/v2/a/blobs/sha256:..%2f', 400, 'DIGEST_INVALID'],
  ['PUT', '/v2/a/manifests/-x', 400, 'MANIFEST_INVALID'],
  ['PUT', '/v2/a/manifests/v1', 400, 'MANIFEST_INVALID'],
  ['POST', '/v2/a/manifests/v1', 405, 'UNSUPPORTED'],
  ['GET', '/elsewhere', 404, 'NAME_UNKNOWN'],
])('%s %s is refused', async (method, path, status, code) => {
  const answer = await send(method, path, method === 'GET' ? '' : '{"config": 1}')
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
})

test('pages of other sites are refused, and a taken port is told', async () => {
  expect((await send('GET', '/v2/', '', { origin: 'https://example.com' })).status).toBe(403)
  expect((await send('GET', '/v2/', '', { host: 'evil.example.com' })).status).toBe(403)
  await expect(startRegistry({ folder, port: registry.port, log: silentLog })).rejects.toThrow(
    'for the registry, is taken',
  )
})
