import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { BuildMessage, BuildRequest } from '#shared/contract/builds.ts'
import type { KubeContext, RawRequest } from '../kube-context.ts'
import { createBuilds, type BuildsOptions } from './index.ts'
import { exposedPort, lookAtFolder, objectName } from './look.ts'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'Shop.App-'))))
afterEach(() => rm(folder, { recursive: true }))

describe('a folder', () => {
  test('tells its Dockerfiles, a name and its port', async () => {
    await writeFile(join(folder, 'dev.Dockerfile'), '')
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nEXPOSE 53/udp 8080/tcp 9090\n')
    await writeFile(join(folder, 'Dockerfile.dockerignore'), '')
    const name = objectName(basename(folder))
    expect(name).toMatch(/^shop-app-/)
    expect(await lookAtFolder(folder)).toEqual({
      folder,
      dockerfiles: ['Dockerfile', 'dev.Dockerfile'],
      name,
      image: `${name}:dev`,
      port: 8080,
    })
  })
  test('says why nothing can be built of it', async () => {
    expect(await lookAtFolder(folder)).toMatchObject({ problem: 'The folder has no Dockerfile.' })
    expect(await lookAtFolder(join(folder, 'no'))).toMatchObject({ problem: 'There is no such folder.' })
  })
  test('gets a name that objects may have', () => {
    expect(['', '9 Lives!', '--', 'Ünïcode', 'a'.repeat(80)].map(objectName)).toEqual([
      'app',
      'lives',
      'app',
      'n-code',
      'a'.repeat(50),
    ])
  })
  test('exposes what is a port alone', () => {
    expect(exposedPort('EXPOSE $PORT\nexpose 70000 81')).toBe(81)
    expect(exposedPort('# EXPOSE 80\nRUN echo EXPOSE 80')).toBeUndefined()
  })
})

describe('a build', () => {
  const sent: RawRequest[] = []
  let answer = { status: 201, body: '{}', warnings: [] }
  const done: string[] = []
  const engine: BuildsOptions['engine'] = {
    build: (build, work) => {
      work.log('a line')
      work.log('another')
      return build.image.startsWith('broken') ? Promise.reject(new Error('no such stage')) : Promise.resolve()
    },
    builder: () => Promise.resolve('engine'),
    push: (name) => Promise.resolve(void done.push(`push ${name}`)),
  }
  const context = (kind: 'local' | 'kubeconfig'): KubeContext =>
    ({
      info: { id: kind, name: kind, kind, server: '', simulated: false },
      requireWritable: () => Promise.resolve(),
      request: (request: RawRequest) => {
        sent.push(request)
        return Promise.resolve(answer)
      },
      link: { loadImage: (name: string) => Promise.resolve(void done.push(`load ${name}`)) },
    }) as unknown as KubeContext
  beforeEach(() => {
    sent.length = done.length = 0
    answer = { status: 201, body: '{}', warnings: [] }
  })
  async function run(
    request: Partial<BuildRequest>,
    over: Partial<typeof engine> = {},
    taken: Promise<void> = Promise.resolve(),
  ): Promise<BuildMessage[]> {
    const messages: BuildMessage[] = []
    const builds = createBuilds({
      engine: { ...engine, ...over },
      contextOf: (id) => context(id === 'local' ? 'local' : 'kubeconfig'),
      clock: systemClock,
    })
    await builds.run(
      { context: 'local', folder, image: 'shop:dev', ...request },
      { send: (message) => taken.then(() => void messages.push(message)), signal: new AbortController().signal },
    )
    return messages
  }
  const create = { namespace: 'default', name: 'shop', replicas: 2, port: 8080 }

  test('is loaded into the workers and run by a Deployment and a Service', async () => {
    const messages = await run({ deploy: { create } })
    expect(messages.flatMap((message) => ('step' in message ? message.step : []))).toEqual(['build', 'load', 'deploy'])
    expect(messages.flatMap((message) => ('lines' in message ? message.lines : []))).toEqual([
      'a line',
      'another',
      'Deployment shop is created',
      'Service shop is created',
    ])
    expect(messages.at(-1)).toHaveProperty('done')
    expect(done).toEqual(['load shop:dev'])
    expect(sent.map(({ path }) => path)).toEqual([
      '/apis/apps/v1/namespaces/default/deployments?fieldManager=slipway',
      '/api/v1/namespaces/default/services?fieldManager=slipway',
    ])
  })

  test('is given to a container of what is there, which is restarted', async () => {
    await run({ deploy: { update: { namespace: 'a/b', kind: 'StatefulSet', name: 'db', container: 'db' } } })
    expect(sent[0]).toMatchObject({
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/a%2Fb/statefulsets/db?fieldManager=slipway',
    })
    expect(JSON.parse(String(sent[0]?.body))).toMatchObject({
      spec: {
        template: {
          metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': expect.any(String) as string } },
          spec: { containers: [{ name: 'db', image: 'shop:dev' }] },
        },
      },
    })
  })

  test('goes to a registry where the cluster runs on other machines; a name without one is refused before it is built', async () => {
    expect(await run({ context: 'far' })).toEqual([{ failed: expect.stringContaining('with its registry') as string }])
    await run({ context: 'far', image: 'registry.example.com/shop:1' })
    expect(done).toEqual(['push registry.example.com/shop:1'])
  })

  test('that fails says why, and nothing is deployed', async () => {
    expect((await run({ image: 'broken:1', deploy: { create } })).at(-1)).toEqual({ failed: 'no such stage' })
    expect(sent).toEqual([])
    expect((await run({ dockerfile: '../Dockerfile' })).at(-1)).toEqual({
      failed: `the Dockerfile has to be in the folder ${folder}`,
    })
    answer = { status: 409, body: '{"message":"deployments.apps \\"shop\\" already exists"}', warnings: [] }
    expect((await run({ deploy: { create } })).at(-1)).toEqual({ failed: 'deployments.apps "shop" already exists' })
  })

  test('says so where they are missing, not before earlier ones', async () => {
    let take: () => void = () => undefined
    const taken = new Promise<void>((resolve) => (take = resolve))
    const log = (lines: number, work: { log(line: string): void }): Promise<void> => {
      for (let line = 1; line <= lines; line++) work.log(`line ${line}`)
      return Promise.resolve()
    }
    const over: Partial<typeof engine> = {
      build: (_build, work) => log(1, work),
      push: (_image, work) => log(5_000, work).finally(take),
    }
    const messages = await run({ context: 'remote', image: 'registry.example.com/shop:1' }, over, taken)
    const [ofBuild, ofPush] = messages.flatMap((message) => ('lines' in message ? [message.lines[0]] : []))
    expect([ofBuild, ofPush]).toEqual(['line 1', '… 3000 lines are left out'])
  })

  test('keeps the newest lines alone for a page that takes none, and says how many it left out', async () => {
    let take: () => void = () => undefined
    const taken = new Promise<void>((resolve) => (take = resolve))
    const build: typeof engine.build = (_build, { log }) => {
      for (let line = 1; line <= 20_000; line++) log(`line ${line} ${'x'.repeat(5_000)}`)
      take()
      return Promise.resolve()
    }
    const lines = (await run({}, { build }, taken)).flatMap((message) => ('lines' in message ? message.lines : []))
    const [first = ''] = lines
    expect(lines.length).toBeLessThan(2_100)
    expect(Number(/(\d+) lines are left out/.exec(first)?.[1])).toBe(20_000 - (lines.length - 1))
    expect(lines.at(-1)).toMatch(/^line 20000 x+…$/)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(5_000)
  })
})
