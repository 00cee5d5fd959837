import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createKubeconfigContexts, type KubeconfigContexts } from './kubeconfig.ts'

let dir: string
let server: Server
let url: string
let seen: IncomingHttpHeaders[]
let contexts: KubeconfigContexts | undefined

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-kubeconfig-'))
  seen = []
  server = createServer((request, response) => {
    seen.push(request.headers)
    if (request.url === '/watch') response.write('first\n')
    else response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await contexts?.stop()
  server.closeAllConnections()
  server.close()
  await rm(dir, { recursive: true })
})

interface Parts {
  server?: string
  user?: Record<string, unknown>
  context?: Record<string, unknown>
}

/** A kubeconfig with one context `name`, with its cluster and user of the same name. */
async function write(
  file: string,
  name: string,
  { server = url, user = {}, context = {} }: Parts = {},
): Promise<string> {
  const path = join(dir, file)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...context } }],
  }
  await writeFile(path, JSON.stringify(config))
  return path
}

const open = (...files: string[]): KubeconfigContexts =>
  (contexts = createKubeconfigContexts({ files, log: silentLog }))

async function authorizationOf(user: Record<string, unknown>): Promise<string | undefined> {
  const [context] = await open(await write('config', 'dev', { user })).list()
  await context?.request({ method: 'GET', path: '/version' })
  return seen.at(-1)?.authorization
}

describe('credentials', () => {
  test('a token', async () => {
    expect(await authorizationOf({ token: 'abc' })).toBe('Bearer abc')
  })

  test('a token in a file beside the kubeconfig', async () => {
    await writeFile(join(dir, 'token'), 'from-file')
    expect(await authorizationOf({ tokenFile: 'token' })).toBe('Bearer from-file')
  })

  test('name and password', async () => {
    expect(await authorizationOf({ username: 'me', password: 'pw' })).toBe(
      `Basic ${Buffer.from('me:pw').toString('base64')}`,
    )
  })

  test('a credential plugin', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'run' },
    }
    const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] }
    expect(await authorizationOf({ exec })).toBe('Bearer run')
  })

  test('a plugin that fails is a 401 with the reason', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', 'echo log in first >&2; exit 1'],
    }
    const [context] = await open(await write('config', 'dev', { user: { exec } })).list()
    await expect(context?.request({ method: 'GET', path: '/version' })).rejects.toMatchObject({
      code: 401,
      message: expect.stringContaining('log in first') as string,
    })
  })

  test('none at all', async () => {
    expect(await authorizationOf({})).toBeUndefined()
  })
})

describe('files', () => {
  test('are merged as in kubectl: the first entry of a name applies', async () => {
    const first = await write('a', 'dev', { user: { token: 'first' }, context: { namespace: 'web' } })
    const second = await write('b', 'dev', { user: { token: 'second' } })
    const third = await write('c', 'prod')
    const list = await open(first, second, third).list()
    expect(list.map(({ info }) => [info.name, info.namespace])).toEqual([
      ['dev', 'web'],
      ['prod', undefined],
    ])
    await list[0]?.request({ method: 'GET', path: '/' })
    expect(seen.at(-1)?.authorization).toBe('Bearer first')
  })

  test('a context whose cluster is missing is left out, one whose user is missing is not', async () => {
    const path = join(dir, 'config')
    await writeFile(
      path,
      JSON.stringify({
        clusters: [{ name: 'here', cluster: { server: url } }],
        contexts: [
          { name: 'lost', context: { cluster: 'gone', user: 'nobody' } },
          { name: 'found', context: { cluster: 'here', user: 'nobody' } },
        ],
      }),
    )
    expect((await open(path).list()).map(({ info }) => info.name)).toEqual(['found'])
  })

  test.each(['', 'clusters: [', '[]', 'null', '"text"'])(
    'that are not kubeconfigs have no contexts: %j',
    async (text) => {
      await writeFile(join(dir, 'config'), text)
      expect(await open(join(dir, 'config'), join(dir, 'missing')).list()).toEqual([])
    },
  )

  test('a file that is invalid while it is edited keeps its last contexts', async () => {
    const path = await write('config', 'dev')
    const { list } = open(path)
    const [before] = await list()
    await writeFile(path, 'clusters: [')
    expect(await list()).toEqual([before])
  })
})

describe('changes', () => {
  test('an unchanged context is kept', async () => {
    const path = await write('config', 'dev', { user: { token: 'abc' } })
    const { list } = open(path)
    const [before] = await list()
    await write('config', 'dev', { user: { token: 'abc' } })
    expect((await list())[0]).toBe(before)
  })

  test('a context whose credentials changed is closed, with its streams, and opened again', async () => {
    const path = await write('config', 'dev', { user: { token: 'old' } })
    const { list, get } = open(path)
    const [before] = await list()
    const streaming = new Promise<string>((resolve, reject) => {
      const ended = before?.stream({ path: '/watch', signal: new AbortController().signal }, async () => {
        await write('config', 'dev', { user: { token: 'new' } })
        await list()
      })
      ended?.then(
        () => reject(new Error('the stream ended by itself')),
        (error: unknown) => resolve(String(error)),
      )
    })
    expect(await streaming).toMatch(/abort/i)
    await get('kubeconfig:dev')?.request({ method: 'GET', path: '/' })
    expect(seen.at(-1)?.authorization).toBe('Bearer new')
    await expect(before?.request({ method: 'GET', path: '/' })).rejects.toThrow()
  })

  test('a context that disappears is closed without a request', async () => {
    const path = await write('config', 'dev')
    const { list, get } = open(path)
    await list()
    expect(get('kubeconfig:dev')).toBeDefined()
    await rm(path)
    await expect.poll(() => get('kubeconfig:dev'), { timeout: 10_000 }).toBeUndefined()
  })
})
