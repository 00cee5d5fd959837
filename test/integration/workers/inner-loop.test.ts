import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRemote, opened, type Remote } from '#main/commands/remote.ts'
import type { StalePod } from '#shared/contract/rebuilds.ts'
import { createKubectl, type Kubectl } from '#test/support/kubectl.ts'
import { slipwayUp, type Slipway } from '#test/support/slipway.ts'

/** Rebuilt images and taken traffic on one real worker, by the command line and the contract of the app. */
const run = promisify(execFile)
const name = `loop-${process.pid}`
const image = `slipway-loop-${process.pid}:dev`
const context = `local:${name}`
let slipway: Slipway
let remote: Remote
let kubectl: Kubectl
/** The older pods, each time that they are told. */
let told: StalePod[][] = []

beforeAll(async () => {
  await build('one')
  slipway = await slipwayUp({ name, args: ['--workers', '1'] })
  kubectl = createKubectl(slipway.kubeconfig)
  remote = await connectRemote(slipway.data)
  follow().catch(() => undefined)
}, 240_000)
afterAll(async () => {
  remote?.close()
  await slipway?.end()
  await run('docker', ['rmi', '-f', image]).catch(() => undefined)
}, 120_000)

/** An image whose server answers with `text`. */
async function build(text: string): Promise<void> {
  const child = execFile('docker', ['build', '-q', '-t', image, '-'], { env: { ...process.env, DOCKER_BUILDKIT: '0' } })
  child.stdin?.end(
    `FROM busybox:1.36\nRUN mkdir -p /www && echo ${text} > /www/index.html\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n`,
  )
  expect(await once(child, 'close')).toEqual([0, null])
}

async function follow(): Promise<void> {
  for await (const { pods } of await remote.call.rebuilds.watch(opened({ context }))) told = [...told, pods]
}
const staleNow = (): StalePod[] => told.at(-1) ?? []
const answer = async (): Promise<string> =>
  (await kubectl('exec', 'client', '--', 'wget', '-T', '3', '-qO-', 'http://web')).stdout.trim()

test('a rebuilt image is noticed within a second, rolled by one call, and by itself where the annotation says so', async () => {
  await kubectl.ok('create', 'deployment', 'web', `--image=${image}`)
  await kubectl.ok('expose', 'deployment', 'web', '--port=80', '--target-port=8080')
  await kubectl.ok('run', 'client', '--image=busybox:1.36', '--command', '--', 'sleep', 'infinity')
  await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=60s')
  await kubectl.ok('wait', 'pod/client', '--for=condition=Ready', '--timeout=60s')
  await expect.poll(answer, { timeout: 10_000 }).toBe('one')
  expect(staleNow()).toEqual([])

  await build('two')
  const built = Date.now()
  await expect.poll(() => staleNow().length, { timeout: 5_000, interval: 20 }).toBe(1)
  expect(Date.now() - built).toBeLessThan(1_000)
  expect(staleNow()).toMatchObject([
    { namespace: 'default', workload: { kind: 'Deployment', name: 'web' }, containers: [{ image }] },
  ])

  const workload = { context, namespace: 'default', kind: 'Deployment', name: 'web' } as const
  expect(await remote.call.rebuilds.roll(workload)).toEqual({ images: [image] })
  await expect.poll(answer, { timeout: 30_000 }).toBe('two')
  await kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=60s')
  await expect.poll(staleNow, { timeout: 30_000 }).toEqual([])
  await expect(remote.call.rebuilds.roll(workload)).rejects.toThrow('no pod of web runs an older image')

  await kubectl.ok('annotate', 'deployment', 'web', 'slipway.dev/roll-on-rebuild=true')
  await build('three')
  await expect.poll(answer, { timeout: 30_000 }).toBe('three')
  await expect.poll(staleNow, { timeout: 30_000 }).toEqual([])
  expect(await kubectl.ok('get', 'events', '--field-selector', 'reason=ImageRebuilt')).toContain(image)
  // Once: a second restart would make a fourth ReplicaSet.
  expect((await kubectl.ok('get', 'replicasets', '-o', 'name')).trim().split('\n')).toHaveLength(3)
}, 180_000)

test('the traffic of a Service goes to a port of this machine and back, with real connections', async () => {
  const server = createServer((request, response) => {
    // What came is answered after its end: half a connection closes before the other.
    let length = 0
    request.on('data', (chunk: Buffer) => (length += chunk.length))
    request.on('end', () => response.end(`the host got ${length}`))
  }).listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const selector = (): Promise<string> => kubectl.ok('get', 'service', 'web', '-o', 'jsonpath={.spec.selector}')
  const before = await selector()
  const args = ['--data', slipway.data]

  const taken = await slipway.run('take', name, 'web', String(port), ...args)
  expect(taken).toMatchObject({
    code: 0,
    stdout: `traffic of Service web goes to ${port} of this machine\n`,
    stderr: '',
  })
  await expect.poll(answer, { timeout: 15_000 }).toBe('the host got 0')
  const post = 'head -c 3000000 /dev/zero | tr "\\0" x > /tmp/body && wget -T 10 -qO- --post-file /tmp/body http://web'
  expect((await kubectl.ok('exec', 'client', '--', 'sh', '-c', post)).trim()).toBe('the host got 3000000')
  expect(await slipway.run('take', name, 'web', String(port), ...args)).toMatchObject({ code: 1 })

  // Nobody answers any more: the Service stays taken until it is given back.
  server.close()
  server.closeAllConnections()
  expect(await answer()).toBe('')
  const back = await slipway.run('give-back', name, 'web', ...args)
  expect(back).toMatchObject({ code: 0, stderr: '' })
  expect(await selector()).toBe(before)
  await expect.poll(answer, { timeout: 15_000 }).toBe('three')
  expect(await kubectl.ok('get', 'service', 'web', '-o', 'jsonpath={.metadata.annotations}')).not.toContain(
    'slipway.dev',
  )
  await kubectl.waitForDeletion('pods', '-l', 'slipway.dev/stand-in=web')
}, 120_000)

test('a folder is built, loaded and run by one command, without what its .dockerignore names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loop-app-'))
  const tag = `slipway-loop-${process.pid}:built`
  await writeFile(
    join(folder, 'Dockerfile'),
    'FROM busybox:1.36\nCOPY . /www\nEXPOSE 8080\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n',
  )
  await writeFile(join(folder, '.dockerignore'), 'secret.txt\n')
  await writeFile(join(folder, 'secret.txt'), 'x')
  await writeFile(join(folder, 'index.html'), 'built here')
  const args = [name, folder, '--image', tag, '--data', slipway.data]
  const built = await slipway.run('build', ...args, '--deploy', 'app', '--port', '8080')
  expect(built.stdout).toMatch(new RegExp(`^${tag} is built in [\\d.]+ s\n$`))
  expect(built.code).toBe(0)
  const read = (file: string): Promise<string> =>
    kubectl('exec', 'client', '--', 'wget', '-T', '3', '-qO-', `http://app:8080/${file}`).then(({ stdout }) => stdout)
  await expect.poll(() => read('index.html'), { timeout: 30_000 }).toBe('built here')
  expect(await read('secret.txt')).toBe('')
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox:1.36\nRUN exit 3\n')
  const failed = await slipway.run('build', ...args)
  expect([failed.code, failed.stderr.trim().split('\n').at(-1)]).toEqual([1, expect.stringContaining('exit 3')])
  await rm(folder, { recursive: true })
  await run('docker', ['rmi', '-f', tag])
}, 120_000)

test('a Service whose traffic cannot be taken says why', async () => {
  await kubectl.ok('create', 'service', 'clusterip', 'lonely', '--clusterip=None')
  const refused = await slipway.run('take', name, 'lonely', '3000', '--data', slipway.data)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('it is headless')
  expect((await slipway.run('give-back', name, 'web', '--data', slipway.data)).stderr).toContain('is not taken')
  expect((await slipway.run('take', name, 'web', 'x', '--data', slipway.data)).stderr).toContain(
    'PORT takes a whole number',
  )
}, 60_000)

test('what is taken outlives a crash of the app, and is given back by the next one', async () => {
  const server = createServer((_, response) => response.end('still the host')).listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { data } = slipway
  const selector = (): Promise<string> => kubectl.ok('get', 'service', 'web', '-o', 'jsonpath={.spec.selector}')
  const before = await selector()
  expect(await slipway.run('take', name, 'web', String(port), '--data', data)).toMatchObject({ code: 0 })
  await expect.poll(answer, { timeout: 15_000 }).toBe('still the host')

  remote.close()
  await slipway.end('SIGKILL')
  slipway = await slipwayUp({ name, data, args: ['--workers', '1'] })
  remote = await connectRemote(data)
  await expect.poll(answer, { timeout: 30_000 }).toBe('still the host')
  expect((await slipway.run('take', name, 'web', String(port), '--data', data)).stderr).toContain('taken already')

  expect(await slipway.run('give-back', name, 'web', '--data', data)).toMatchObject({ code: 0, stderr: '' })
  expect(await selector()).toBe(before)
  await expect.poll(answer, { timeout: 15_000 }).toBe('three')
  server.close()
  server.closeAllConnections()
}, 180_000)
