import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../support/docker-cluster.ts'

/** Registries on a worker's own loopback, which its engine may ask without TLS. */
let cluster: DockerCluster
const clusterName = `registry-${process.pid}`
const worker = `slipway-${clusterName}-worker-1`
const run = promisify(execFile)
const inWorker = async (script: string): Promise<string> =>
  (await run('docker', ['exec', worker, 'sh', '-c', script])).stdout
const open = 5050
const closed = 5051

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName })
  const program = await readFile(join(import.meta.dirname, '../support/fake-registry.cjs'), 'base64')
  await inWorker(`echo ${program} | base64 -d > /tmp/registry.cjs`)
  await run('docker', ['exec', '-d', worker, 'node', '/tmp/registry.cjs', String(open)])
  await run('docker', ['exec', '-d', worker, 'node', '/tmp/registry.cjs', String(closed), 'me:secret'])
})
afterAll(() => cluster?.remove())

async function create(name: string, image: string, imagePullSecrets: { name: string }[] = []): Promise<void> {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { restartPolicy: 'Never', imagePullSecrets, containers: [{ name: 'c', image, command: ['/file'] }] },
  }
  const { code, stderr } = await cluster.kubectl.withInput(JSON.stringify(pod), 'create', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const failed = (name: string): Promise<void> =>
  cluster.kubectl.waitForValue(
    `pod/${name}`,
    '{.status.containerStatuses[0].state.waiting.reason}',
    /ErrImagePull|ImagePullBackOff/,
  )
const eventsOf = (name: string): Promise<string> =>
  cluster.kubectl.ok(
    'get',
    'events',
    '--field-selector',
    `involvedObject.name=${name}`,
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  )
const pulled = (name: string): Promise<void> =>
  expect.poll(() => eventsOf(name), { timeout: 60_000, interval: 500 }).toContain('Pulled: Successfully pulled image')

test('a private image is pulled with the secret of its pod alone', async () => {
  const server = `127.0.0.1:${closed}`
  await cluster.kubectl.ok(
    'create',
    'secret',
    'docker-registry',
    'registry',
    `--docker-server=${server}`,
    '--docker-username=me',
    '--docker-password=secret',
  )
  await create('without', `${server}/private/app:1`, [{ name: 'missing' }])
  await failed('without')
  expect(await eventsOf('without')).toMatch(/FailedToRetrieveImagePullSecret: .*\(missing\)/)
  expect(await eventsOf('without')).toMatch(/Failed: Failed to pull image .*(no basic auth credentials|unauthorized)/)
  await create('with', `${server}/private/app:1`, [{ name: 'registry' }])
  await pulled('with')
  // It is on the node now, and still not for everybody.
  await create('other', `${server}/private/app:1`)
  await failed('other')
})

test('the host’s own sign-in to a registry serves every pod', async () => {
  const server = `127.0.0.1:${closed}`
  const folder = await mkdtemp(join(tmpdir(), 'slipway-docker-config-'))
  const auth = Buffer.from('me:secret').toString('base64')
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [server]: { auth } } }))
  vi.stubEnv('DOCKER_CONFIG', folder)
  await create('host', `${server}/private/app:1`)
  await pulled('host')
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

test('garbage is told, and what was garbage or ended amid a layer is pulled once the registry is well', async () => {
  const server = `127.0.0.1:${open}`
  await Promise.all([create('garbage', `${server}/broken/app:1`), create('half', `${server}/half/app:1`)])
  await failed('garbage')
  expect(await eventsOf('garbage')).toContain(`Failed: Failed to pull image "${server}/broken/app:1"`)
  // The engine itself tries a layer again, five times within a minute.
  expect(await eventsOf('half')).not.toContain('Pulled')
  await inWorker(`node -e "fetch('http://${server}/repair', { method: 'POST' })"`)
  await Promise.all([pulled('garbage'), pulled('half')])
})
