import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { startOidcIssuer } from '#test/support/oidc-issuer.ts'
import { createKubeconfigContexts, type KubeconfigContexts } from './index.ts'
import { proxyOf } from './proxy.ts'

let dir: string
let server: Server
let url: string
let seen: IncomingHttpHeaders[]
let contexts: KubeconfigContexts | undefined
/** Credentials that the server answers with 401. */
let refused: Set<string>

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-kubeconfig-'))
  seen = []
  refused = new Set()
  server = createServer((request, response) => {
    seen.push(request.headers)
    if (refused.has(request.headers.authorization ?? '')) response.writeHead(401).end('{}')
    else if (request.url === '/watch') response.write('first\n')
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
  cluster?: Record<string, unknown>
  user?: Record<string, unknown>
  context?: Record<string, unknown>
}

/** A kubeconfig with one context `name`, with its cluster and user of the same name. */
async function write(
  file: string,
  name: string,
  { server = url, cluster = {}, user = {}, context = {} }: Parts = {},
): Promise<string> {
  const path = join(dir, file)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...context } }],
  }
  await writeFile(path, JSON.stringify(config))
  return path
}

const open = (...files: string[]): KubeconfigContexts =>
  (contexts = createKubeconfigContexts({ files, log: silentLog, env: {}, interval: 50 }))

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
      message: expect.stringMatching(/plugin sh failed \(exit code 1\)(?!.*log in first)/) as string,
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

describe('renewal', () => {
  const plugin = async (name: string, body: string): Promise<string> => {
    const path = join(dir, name)
    await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 })
    return path
  }
  const credential = (status: object): string =>
    JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })
  const exec = (command: string, more: object = {}): Record<string, unknown> => ({
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command, ...more },
  })

  test('a plugin runs once for many requests, and again when its credential is refused', async () => {
    const script = await plugin(
      'count',
      `echo x >> ${join(dir, 'runs')}; n=$(wc -l < ${join(dir, 'runs')} | tr -d ' '); echo '${credential({ token: 'run-N' })}' | sed "s/run-N/run-$n/"`,
    )
    const [context] = await open(await write('config', 'dev', { user: exec(script) })).list()
    await Promise.all([1, 2, 3].map(async () => context?.request({ method: 'GET', path: '/version' })))
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer run-1', 'Bearer run-1', 'Bearer run-1'])
    refused.add('Bearer run-1')
    await expect(context?.request({ method: 'GET', path: '/version' })).resolves.toMatchObject({ status: 200 })
    expect(seen.at(-1)?.authorization).toBe('Bearer run-2')
  })

  test('a plugin whose credential has expired runs again', async () => {
    const script = await plugin(
      'old',
      `echo '${credential({ token: 'x', expirationTimestamp: '2001-01-01T00:00:00Z' })}'; echo x >> ${join(dir, 'runs')}`,
    )
    const [context] = await open(await write('config', 'dev', { user: exec(script) })).list()
    await context?.request({ method: 'GET', path: '/version' })
    await context?.request({ method: 'GET', path: '/version' })
    expect(await readFile(join(dir, 'runs'), 'utf8')).toBe('x\nx\n')
  })

  test('a plugin beside its file gets its variables and, where it asks, the cluster', async () => {
    await plugin(
      'where',
      `printf '%s' "$KUBERNETES_EXEC_INFO" > ${join(dir, 'info')}; echo '${credential({ token: 'T' })}' | sed "s/T/$WHO/"`,
    )
    const user = exec('./where', { env: [{ name: 'WHO', value: 'me' }], provideClusterInfo: true })
    expect(await authorizationOf(user)).toBe('Bearer me')
    expect(JSON.parse(await readFile(join(dir, 'info'), 'utf8'))).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: url } },
    })
  })

  test.each([
    [
      'is not installed',
      exec('no-such-plugin', { installHint: 'Get it at example.com\nmore' }),
      'plugin no-such-plugin is not installed. Get it at example.com',
    ],
    ['needs a terminal', exec('true', { interactiveMode: 'Always' }), 'needs a terminal'],
    [
      'is of an old version',
      { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'true' } },
      'apiVersion must be',
    ],
    ['prints something else', exec('echo', { args: ['a-secret'] }), 'did not print an ExecCredential'],
  ])('a plugin that %s is told, without its output', async (_, user, message) => {
    const [context] = await open(await write('config', 'dev', { user })).list()
    const failed = await context?.request({ method: 'GET', path: '/version' }).catch((error: unknown) => String(error))
    expect(failed).toContain(message)
    expect(failed).not.toContain('a-secret')
  })

  test('impersonation is sent with every request', async () => {
    await authorizationOf({ token: 'abc', as: 'jane', 'as-groups': ['a', 'b'], 'as-user-extra': { 'x/y': ['1'] } })
    expect(seen.at(-1)).toMatchObject({
      'impersonate-user': 'jane',
      'impersonate-group': 'a, b',
      'impersonate-extra-x%2fy': '1',
    })
  })
})

/** Each of these has nine of the one before. */
const grown = (at: number): string => `b${at}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(', ')}]\n`

describe('broken files and contexts', () => {
  test('are told in one line without their contents, and the others go on', async () => {
    const path = join(dir, 'bad')
    await writeFile(path, 'users:\n- name: a\n  user: {token: "a-secret\n')
    const kubeconfigs = open(
      path,
      await write('good', 'dev'),
      await write('odd', 'odd', { user: { token: ['a-secret'] } }),
    )
    expect((await kubeconfigs.list()).map(({ info }) => info.name)).toEqual(['dev'])
    expect(kubeconfigs.problems()).toEqual([
      { file: path, reason: expect.stringMatching(/^is not YAML/) as string },
      { file: join(dir, 'odd'), context: 'odd', reason: 'user "odd": token is missing or of the wrong type' },
    ])
    expect(JSON.stringify(kubeconfigs.problems())).not.toContain('a-secret')
  })

  test.each([
    ['a folder', (path: string) => mkdir(path), 'cannot be read: it is not a regular file'],
    ['a pipe', (path: string) => promisify(execFile)('mkfifo', [path]), 'cannot be read: it is not a regular file'],
    ['a link to itself', (path: string) => symlink(path, path), 'cannot be read: ELOOP'],
    [
      'an anchor that contains itself',
      (path: string) => writeFile(path, 'clusters:\n- &a {name: c, cluster: *a}\n'),
      'has an anchor that contains itself',
    ],
    [
      'anchors that grow',
      (path: string) =>
        writeFile(path, `a: &a0 [1]\n${Array.from({ length: 9 }, (_, at) => grown(at)).join('')}clusters: *a9\n`),
      'is not YAML',
    ],
    [
      'depth',
      (path: string) => writeFile(path, `clusters: ${'['.repeat(20_000)}${']'.repeat(20_000)}`),
      'is nested too deep',
    ],
  ])('%s is a problem of its own, and the others go on', async (_what, make, reason) => {
    const path = join(dir, 'bad')
    await make(path)
    const kubeconfigs = open(path, await write('good', 'dev'))
    expect((await kubeconfigs.list()).map(({ info }) => info.name)).toEqual(['dev'])
    expect(kubeconfigs.problems()).toEqual([{ file: path, reason }])
  })

  test('names may be anything', async () => {
    const names = [
      '__proto__',
      'constructor',
      '<img src=x onerror=alert(1)>',
      'a/b?c#d',
      '\u202Egnp.exe',
      'x'.repeat(5_000),
    ]
    const files = await Promise.all(names.map((name, at) => write(`config-${at}`, name)))
    const kubeconfigs = open(...files)
    expect((await kubeconfigs.list()).map(({ info }) => info.name)).toEqual(names)
    for (const name of names) expect(kubeconfigs.get(`kubeconfig:${name}`)?.info.user).toBe(name)
  })

  test('what the face is told of a context holds no credentials', async () => {
    const [context] = await open(
      await write('config', 'dev', {
        user: { token: 'a-secret', password: 'a-secret' },
        server: 'http://u:a-secret@localhost:1',
      }),
    ).list()
    expect(context?.info).toMatchObject({ name: 'dev', user: 'dev', cluster: 'dev', server: 'http://localhost:1' })
    expect(JSON.stringify(context?.info)).not.toContain('a-secret')
  })
})

test('rotated OIDC tokens are in the file for kubectl and the next start, and contexts of the session stay open', async () => {
  const [expired, ...good] = [1, 1e10, 2e10].map((exp) =>
    ['{}', JSON.stringify({ exp }), 's'].map((part) => Buffer.from(part).toString('base64url')).join('.'),
  )
  const issuer = await startOidcIssuer('me', (session) => Promise.resolve(good[session - 1] ?? ''))
  try {
    const config = {
      'idp-issuer-url': issuer.url,
      'idp-certificate-authority-data': Buffer.from(issuer.ca).toString('base64'),
      'client-id': 'me',
      'id-token': expired,
      'refresh-token': issuer.refreshToken(),
    }
    const path = await write('config', 'dev', { user: { 'auth-provider': { name: 'oidc', config } } })
    const kept = async (): Promise<unknown> => {
      const { users } = JSON.parse(await readFile(path, 'utf8')) as { users: unknown[] }
      return users[0]
    }
    const first = open(path)
    const [before] = await first.list()
    await before?.request({ method: 'GET', path: '/' })
    expect(seen.at(-1)?.authorization).toBe(`Bearer ${good[0]}`)
    expect(await kept()).toMatchObject({
      user: { 'auth-provider': { config: { ...config, 'id-token': good[0], 'refresh-token': issuer.refreshToken() } } },
    })
    expect((await first.list())[0]).toBe(before)

    refused.add(`Bearer ${good[0]}`)
    await first.stop()
    const [after] = await open(path).list()
    await after?.request({ method: 'GET', path: '/' })
    expect(seen.at(-1)?.authorization).toBe(`Bearer ${good[1]}`)
    expect(issuer.given()).toBe(2)
  } finally {
    await issuer.close()
  }
})

describe('a proxy', () => {
  test('that the cluster names is used, and what it refuses is told', async () => {
    const asked: string[] = []
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url ?? '')
      const upstream = connect(Number(new URL(url).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const path = await write('config', 'dev', {
      server: 'http://cluster.example:6443',
      cluster: { 'proxy-url': proxyUrl },
    })
    const [context] = await open(path).list()
    await expect(context?.request({ method: 'GET', path: '/version' })).resolves.toMatchObject({ status: 200 })
    expect(asked).toEqual(['cluster.example:6443'])
    await contexts?.stop()
    proxy.close()
  })

  test.each([
    ['https://api.example.com', {}, undefined],
    ['https://api.example.com', { HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128/'],
    ['http://api.example.com', { HTTPS_PROXY: 'proxy:3128' }, undefined],
    ['https://api.example.com', { https_proxy: 'http://proxy:1', no_proxy: 'example.com' }, undefined],
    ['https://example.com', { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: '.example.com' }, 'http://proxy:1/'],
    ['https://api.example.com:6443', { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: 'example.com:443' }, 'http://proxy:1/'],
    ['https://10.1.2.3', { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: 'a, 10.0.0.0/8' }, undefined],
    ['https://[fd00::1]', { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: 'fd00::/8' }, undefined],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: 'http://proxy:1' }, undefined],
    ['https://api.example.com', { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: '*' }, undefined],
  ])('of %s with %j is %s', (server, env, expected) => {
    expect(proxyOf(new URL(server), undefined, env)?.href).toBe(expected)
  })

  test('a wrong address is told without its password', () => {
    expect(() => proxyOf(new URL('https://a'), 'ftp://u:a-secret@b', {})).toThrow(/^proxy-url is not an http/)
    expect(proxyOf(new URL('https://a'), 'socks5://b:1', {})?.protocol).toBe('socks5h:')
  })
})
