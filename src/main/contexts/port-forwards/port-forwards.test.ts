import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { ForwardTarget, SavedForward } from '#shared/contract/forwards.ts'
import { openPortForwards, type ForwardContext, type PortForwards } from './index.ts'
import { createResolver } from './resolve.ts'
import { selectorText } from './selector-text.ts'

const podOf = (
  name: string,
  more: { ready?: boolean; phase?: string; labels?: object; deleted?: boolean; owner?: boolean } = {},
) => ({
  metadata: {
    name,
    labels: { app: 'web', 'pod-template-hash': 'abc', ...more.labels },
    ...(more.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    ...(more.owner === false ? {} : { ownerReferences: [{ controller: true, kind: 'ReplicaSet', name: 'web' }] }),
  },
  spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: {
    phase: more.phase ?? 'Running',
    conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }],
  },
})
type TestPod = ReturnType<typeof podOf>

/** The API of one namespace, by path; pods answer by label selector. */
function api(objects: Record<string, unknown> = {}) {
  const state = { pods: [] as TestPod[], asked: [] as string[], objects }
  const read = (path: string): Promise<unknown> => {
    state.asked.push(path)
    const url = new URL(path, 'http://x')
    if (url.pathname === '/api/v1/namespaces/default/pods') return Promise.resolve({ items: state.pods })
    const [, pod] = /^\/api\/v1\/namespaces\/default\/pods\/(.*)$/.exec(url.pathname) ?? []
    if (pod !== undefined) return Promise.resolve(state.pods.find(({ metadata }) => metadata.name === pod))
    return Promise.resolve(state.objects[url.pathname])
  }
  return { state, read }
}
const target = (kind: ForwardTarget['kind'], port: number | string = 80, name = 'web'): ForwardTarget => ({
  context: 'local:a',
  namespace: 'default',
  kind,
  name,
  port,
})

describe('the pod of a target', () => {
  it('is a ready one of a Service, by the target port of the Service', async () => {
    const service = {
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, name: 'a', targetPort: 'http' }] },
    }
    const { state, read } = api({ '/api/v1/namespaces/default/services/web': service })
    state.pods = [podOf('one', { ready: false }), podOf('two'), podOf('three')]
    const resolve = createResolver(target('Service'), read)
    expect(await resolve()).toEqual({ pod: 'two', port: 8080 })
    state.pods = [podOf('three'), podOf('two')]
    expect(await resolve()).toEqual({ pod: 'two', port: 8080 })
    state.pods = [podOf('two', { deleted: true }), podOf('three')]
    expect(await resolve()).toEqual({ pod: 'three', port: 8080 })
    expect(state.asked.at(-1)).toContain('labelSelector=app%3Dweb')
    await expect(createResolver(target('Service', 81), read)()).rejects.toThrow('service web has no port 81')
  })

  it('is found by the selector of a workload', async () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }],
    }
    const { state, read } = api({ '/apis/apps/v1/namespaces/default/deployments/web': { spec: { selector } } })
    state.pods = [podOf('one')]
    expect(await createResolver(target('Deployment', 'http'), read)()).toEqual({ pod: 'one', port: 8080 })
    expect(decodeURIComponent(state.asked.at(-1) ?? '')).toContain('labelSelector=app=web,tier in (a,b)')
  })

  it('of a controller is followed by its labels once it is gone', async () => {
    const { state, read } = api()
    state.pods = [podOf('web')]
    const resolve = createResolver(target('Pod', 5), read)
    expect(await resolve()).toEqual({ pod: 'web', port: 5 })
    state.pods = [podOf('web-2')]
    expect(await resolve()).toEqual({ pod: 'web-2', port: 5 })
    expect(decodeURIComponent(state.asked.at(-1) ?? '')).toContain('labelSelector=app=web&')
  })

  it.each([
    [target('Pod'), [], 'pod web is gone'],
    [target('Pod'), [podOf('web', { phase: 'Pending' })], 'pod web is not running'],
    [target('Pod'), [podOf('web', { phase: 'Failed', owner: false })], 'pod web is ending'],
    [target('Service'), [], 'service web does not exist'],
    [target('Deployment'), [], 'deployment web does not exist'],
  ])('is missing: %#', async (wanted, pods, message) => {
    const { state, read } = api()
    state.pods = pods
    await expect(createResolver(wanted, read)()).rejects.toThrow(message)
  })
})

it('writes selectors as queries', () => {
  expect(
    selectorText({
      matchLabels: { a: 'b' },
      matchExpressions: [
        { key: 'c', operator: 'Exists' },
        { key: 'd', operator: 'DoesNotExist' },
        { key: 'e', operator: 'NotIn', values: ['f'] },
      ],
    }),
  ).toBe('a=b,c,!d,e notin (f)')
})

describe('port-forwards', () => {
  let saved: SavedForward[] = []
  let forwards: PortForwards
  let context: ForwardContext | undefined
  let cluster: ReturnType<typeof api>
  const servers = new Map<string, Server>()

  const open = async (): Promise<void> => {
    forwards = await openPortForwards({
      contextOf: () => context,
      saved: {
        read: () => Promise.resolve(saved),
        write: (all) => {
          saved = all
          return Promise.resolve()
        },
      },
      clock: systemClock,
    })
  }
  /** A pod that answers with its name and what it was sent. */
  async function run(name: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined)
      socket.write(`${name} `)
      socket.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.set(name, server)
    cluster.state.pods.push(podOf(name))
  }
  async function ask(port: number, word: string): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.end(word)
    return text(socket)
  }
  const only = () => forwards.list()[0]

  beforeEach(async () => {
    saved = []
    cluster = api({
      '/apis/apps/v1/namespaces/default/deployments/web': { spec: { selector: { matchLabels: { app: 'web' } } } },
    })
    context = {
      async request({ path }) {
        const body = await cluster.read(path)
        return { status: body === undefined ? 404 : 200, body: JSON.stringify(body ?? {}) }
      },
      async forwardPort({ pod }) {
        const server = servers.get(pod)
        if (!server) throw new Error(`cannot connect to ${pod}`)
        const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
        await once(socket, 'connect')
        return socket
      },
    }
    await open()
  })
  afterEach(async () => {
    await forwards.close()
    for (const server of servers.values()) server.close()
    servers.clear()
  })

  it('lead to a pod of the target, and to the next one when it is replaced', async () => {
    await run('one')
    const { localPort } = await forwards.start({ ...target('Deployment', 'http') })
    expect(await ask(localPort, 'hello')).toBe('one hello')
    await expect.poll(only).toMatchObject({ state: 'active', pod: 'one', connections: 0 })
    servers.get('one')?.close()
    servers.delete('one')
    cluster.state.pods = []
    await expect(ask(localPort, 'x')).rejects.toThrow()
    expect(only()).toMatchObject({ state: 'retrying', reason: 'deployment web has no pods' })
    await run('two')
    expect(await ask(localPort, 'again')).toBe('two again')
    expect(only()).toMatchObject({ state: 'active', pod: 'two' })
  })

  it('recover by themselves, and tell each change', async () => {
    const states: unknown[] = []
    forwards.onChange(() => states.push(only()?.state))
    context = undefined
    await forwards.start(target('Deployment', 'http'))
    await expect.poll(only).toMatchObject({ state: 'retrying', reason: 'the cluster is not running' })
    context = {
      request: async ({ path }) => ({ status: 200, body: JSON.stringify(await cluster.read(path)) }),
      forwardPort: () => Promise.reject(new Error('no')),
    }
    await run('one')
    await expect.poll(only, { timeout: 5_000 }).toMatchObject({ state: 'active', pod: 'one' })
    expect(states).toEqual(expect.arrayContaining(['connecting', 'retrying', 'active']))
  })

  it('are remembered with their port until they are stopped', async () => {
    await run('one')
    const { id, localPort } = await forwards.start(target('Deployment', 'http'))
    await forwards.close()
    await expect(ask(localPort, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await open()
    expect(only()).toMatchObject({ id, localPort })
    expect(await ask(localPort, 'me')).toBe('one me')
    await forwards.forget(id)
    expect(saved).toEqual([])
    await expect(ask(localPort, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('that are stopped stay remembered, over a restart, until they are opened again', async () => {
    await run('one')
    const { id, localPort } = await forwards.start(target('Deployment', 'http'))
    await forwards.stop(id)
    await forwards.close()
    await open()
    expect(only()).toMatchObject({ id, localPort, state: 'stopped' })
    await expect(ask(localPort, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await forwards.resume(id)
    expect(await ask(localPort, 'me')).toBe('one me')
    expect(saved).toEqual([{ id, localPort, target: target('Deployment', 'http') }])
  })

  it('wait for a port that another process has at the start, name it, and can take another one', async () => {
    await run('one')
    const taken = (servers.get('one')?.address() as AddressInfo).port
    saved = [{ id: 'a', target: target('Deployment', 'http'), localPort: taken }]
    await open()
    expect(only()).toMatchObject({ state: 'taken', localPort: taken, alternative: expect.any(Number) as number })
    expect(only()?.holder).toContain(String(process.pid))
    await expect(forwards.resume('a')).rejects.toThrow(`port ${taken} of 127.0.0.1 is taken`)
    expect(only()).toMatchObject({ state: 'taken' })
    const { localPort } = await forwards.resume('a', only()?.alternative)
    expect(await ask(localPort, 'me')).toBe('one me')
    expect(saved).toMatchObject([{ id: 'a', localPort }])
  })

  it('count their traffic and the pods that were replaced', async () => {
    await run('one')
    const { localPort } = await forwards.start(target('Deployment', 'http'))
    await ask(localPort, 'hello')
    await expect.poll(only).toMatchObject({ bytes: 'hello'.length + 'one hello'.length, connections: 0, healed: [] })
    cluster.state.pods = []
    await run('two')
    await ask(localPort, 'x')
    expect(only()?.healed).toMatchObject([{ from: 'one', to: 'two' }])
  })

  it('refuse a port that the user chose and that is taken', async () => {
    await run('one')
    const taken = (servers.get('one')?.address() as AddressInfo).port
    await expect(forwards.start(target('Deployment', 'http'), taken)).rejects.toThrow(
      `port ${taken} of 127.0.0.1 is taken`,
    )
    expect(forwards.list()).toEqual([])
    const other = await forwards.start(target('Deployment', taken))
    expect(other.localPort).not.toBe(taken)
  })
})
