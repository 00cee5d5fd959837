import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createDockerRuntime } from './docker.ts'
import type { ContainerSpec } from './runtime.ts'

let folder: string
const closers: (() => void)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-engine-'))
})
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  await rm(folder, { recursive: true })
})

/** @param answerTo what it answers a request for this path with */
async function engine(
  answerTo: (path: string) => object | Promise<object>,
): Promise<{ socketPath: string; asked: { url: string; body: unknown }[] }> {
  const asked: { url: string; body: unknown }[] = []
  const take = async (request: IncomingMessage): Promise<void> => {
    const body = await text(request)
    asked.push({ url: request.url ?? '', body: body === '' ? undefined : JSON.parse(body) })
  }
  const server = createServer((request, response) => {
    const status = request.method !== 'POST' ? 200 : request.url?.includes('/create') ? 201 : 204
    void take(request)
      .then(() => answerTo(request.url ?? ''))
      .then((answer) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)))
      .catch(() => response.writeHead(500).end())
  })
  const socketPath = join(folder, 'engine.sock')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  closers.push(() => server.close())
  return { socketPath, asked }
}

const plain: ContainerSpec = {
  podUid: 'u',
  podNamespace: 'n',
  podName: 'p',
  name: 'c',
  attempt: 0,
  hash: 'h',
  sandboxId: 's',
  image: 'app:1',
  env: [],
  mounts: [],
  devices: [],
  tty: false,
  stdin: false,
  stdinOnce: false,
  groups: [],
  privileged: false,
  addCapabilities: [],
  dropCapabilities: [],
  unmaskedProc: false,
  readOnlyRoot: false,
  noNewPrivileges: false,
  hostNetwork: false,
  hostPid: false,
  hostIpc: false,
  cpuShares: 2,
  oomScoreAdj: 1_000,
}

test('a create has its options in the body alone, whatever their size', async () => {
  const { socketPath, asked } = await engine(() => ({ Id: 'made' }))
  const runtime = createDockerRuntime({ socketPath, pauseImage: 'pause', log: silentLog })
  const env = Array.from({ length: 5 }, (_, i) => `V${i}=${'{"k":"v é/&=%"} '.repeat(6_000)}`)
  const spec: ContainerSpec = { ...plain, env }
  expect(await runtime.createContainer(spec)).toBe('made')
  expect(asked).toHaveLength(1)
  expect(asked[0]?.url).toMatch(/\/containers\/create\?name=k8s_c_p_n_u_0$/)
  expect(asked[0]?.body).toMatchObject({ Image: 'app:1', Env: env })
  expect(asked[0]?.body).not.toHaveProperty('name')
})

test.each([
  ['of its sandbox', {}, [], []],
  ['of its own', { hostname: 'web-0' }, ['web-0'], ['HOSTNAME=web-0']],
  ['of its own, and a variable of that name', { hostname: 'web-0', env: ['HOSTNAME=x'] }, ['web-0'], ['HOSTNAME=x']],
])('a hostname %s', async (_what, own, annotated, env) => {
  const { socketPath, asked } = await engine(() => ({ Id: 'made' }))
  const runtime = createDockerRuntime({ socketPath, pauseImage: 'pause', log: silentLog })
  await runtime.createContainer({ ...plain, ...own })
  const body = asked[0]?.body as { Env: string[]; HostConfig: { Annotations: Record<string, string> } }
  expect(body.Env).toEqual(env)
  expect(Object.entries(body.HostConfig.Annotations)).toEqual([
    ['io.containerd.runc.v2.group', 'slipway'],
    ...annotated.map((name) => ['dev.slipway.hostname', name]),
  ])
})

test.each([
  [{ readOnly: false }, {}],
  [{ readOnly: true }, { ReadOnlyNonRecursive: true }],
  [{ readOnly: true, recursive: true }, { ReadOnlyForceRecursive: true }],
])('a mount that is %j holds for what is mounted beneath as it says', async (how, expected) => {
  const { socketPath, asked } = await engine(() => ({ Id: 'made' }))
  const runtime = createDockerRuntime({ socketPath, pauseImage: 'pause', log: silentLog })
  const mount = { source: '/s', target: '/t', propagation: 'rprivate' as const, ...how }
  await runtime.createContainer({ ...plain, mounts: [mount] })
  const { HostConfig } = asked[0]?.body as { HostConfig: { Mounts: { BindOptions: object }[] } }
  expect(HostConfig.Mounts[0]?.BindOptions).toEqual({ Propagation: 'rprivate', ...expected })
})

test('a sandbox in a user namespace of its own, and a container of it', async () => {
  const { socketPath, asked } = await engine((path) =>
    path.includes('/create')
      ? { Id: 'made' }
      : {
          Id: 'made',
          Name: '/k8s_POD_p_n_u',
          Config: { Image: 'pause', Labels: { 'io.kubernetes.container.kind': 'sandbox' } },
          HostConfig: { Annotations: { 'dev.slipway.user-namespace': '131072' } },
          State: { Status: 'created', StartedAt: '', FinishedAt: '' },
        },
  )
  const runtime = createDockerRuntime({ socketPath, pauseImage: 'pause', log: silentLog })
  const pod = { podUid: 'u', podNamespace: 'n', podName: 'p', userNamespace: 131_072 }
  const sysctls = { 'net.ipv4.ip_unprivileged_port_start': '80' }
  await runtime.createSandbox({ ...pod, hostname: 'p', hostNetwork: false, hostPid: false, hostIpc: false, sysctls })
  expect(runtime.containers('u')[0]?.userNamespace).toBe(131_072)
  await runtime.createContainer({ ...plain, ...pod, unmaskedProc: true })
  const annotated = { Annotations: { 'dev.slipway.user-namespace': '131072' } }
  const [sandbox, container] = asked.filter(({ url }) => url.includes('/create')).map(({ body }) => body)
  expect(sandbox).toMatchObject({
    HostConfig: { ...annotated, Sysctls: { ...sysctls, 'net.ipv4.ping_group_range': '0 65535' } },
  })
  expect(container).toMatchObject({ HostConfig: { ...annotated, MaskedPaths: [], ReadonlyPaths: [] } })
})

test('a container that has ended is not taken to run by an answer that is late', async () => {
  const inspection = (status: string): object => ({
    Id: 'id',
    Name: '/k8s_c_p_n_u_0',
    Image: 'sha256:1',
    Created: '2026-01-01T00:00:00Z',
    Config: { Image: 'app:1', Tty: false, Labels: { 'io.kubernetes.pod.uid': 'u' } },
    HostConfig: {},
    State: { Status: status, Running: status === 'running', StartedAt: '', FinishedAt: '', Error: '' },
  })
  let answerLate: (answer: object) => void = () => undefined
  const late = new Promise<object>((resolve) => (answerLate = resolve))
  const inspections = [late, inspection('exited')]
  const { socketPath } = await engine((path) => (path.endsWith('/json') ? (inspections.shift() ?? {}) : {}))
  const runtime = createDockerRuntime({ socketPath, pauseImage: 'pause', log: silentLog })
  const started = runtime.startContainer('id')
  await expect.poll(() => inspections.length).toBe(1)
  await runtime.stopContainer('id', 0)
  answerLate(inspection('running'))
  expect((await started).state).toBe('exited')
  expect(runtime.containers('u').map(({ state }) => state)).toEqual(['exited'])
})

test('the version is asked for until it is told, and then no more', async () => {
  let isUp = false
  const { socketPath, asked } = await engine(() => {
    if (!isUp) throw new Error('starting')
    return { Version: '26.1.5', Os: 'linux', Arch: 'amd64', KernelVersion: '6.1' }
  })
  const runtime = createDockerRuntime({ socketPath, pauseImage: 'pause', log: silentLog })
  await expect(runtime.version()).rejects.toThrow()
  isUp = true
  const version = { version: '26.1.5', os: 'linux', architecture: 'amd64', kernel: '6.1' }
  expect([await runtime.version(), await runtime.version()]).toEqual([version, version])
  expect(asked).toHaveLength(2)
})
