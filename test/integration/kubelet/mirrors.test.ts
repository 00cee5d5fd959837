import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

/**
 * Mirrors of registries that are changed while a real worker runs, and how many images it pulls at once; the registries
 * are processes in it.
 */
let cluster: DockerCluster
let address: string
const clusterName = `mirrors-${process.pid}`
const worker = `slipway-${clusterName}-worker-1`
const run = promisify(execFile)
const inWorker = async (script: string): Promise<string> =>
  (await run('docker', ['exec', worker, 'sh', '-c', script])).stdout
const serve = (where: string): Promise<unknown> =>
  run('docker', ['exec', '-d', worker, 'node', '/tmp/registry.cjs', where])
const requestsOf = async (server: string): Promise<string[]> => {
  const text = await inWorker(
    `node -e "fetch('http://${server}/requests').then(async (r) => console.log(await r.text()))"`,
  )
  return JSON.parse(text) as string[]
}
const original = '127.0.0.1:5070'
/** Not of the loopback: the engine has to be told that it speaks no TLS. */
const mirror = (): string => `${address}:5071`

beforeAll(async () => {
  cluster = await startDockerCluster({
    name: clusterName,
    kubelet: { serializeImagePulls: false, maxParallelImagePulls: 2 },
  })
  const program = await readFile(join(import.meta.dirname, '../../support/fake-registry.cjs'), 'base64')
  address = (await inWorker("ip -4 -o addr show eth0 | awk '{ print $4 }' | cut -d/ -f1")).trim()
  await inWorker(`echo ${program} | base64 -d > /tmp/registry.cjs`)
  await Promise.all([serve(original), serve(mirror())])
})
afterAll(() => cluster?.remove())

async function create(name: string, image: string, more: Partial<Pod['spec']> = {}): Promise<void> {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image, command: ['/file'] }], ...more },
  }
  const { code, stderr } = await cluster.kubectl.withInput(JSON.stringify(pod), 'create', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const eventsOf = (name: string): Promise<string> =>
  cluster.kubectl.ok(
    ...['get', 'events', '--field-selector', `involvedObject.name=${name}`],
    ...['-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'],
  )
const told = (name: string, text: string): Promise<void> =>
  expect.poll(() => eventsOf(name), { timeout: 90_000, interval: 500 }).toContain(text)
const imageIdOf = (name: string): Promise<string> =>
  cluster.kubectl.ok('get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0].imageID}')

test('an image of a registry that is not there comes from its mirror, with no credentials of the pod', async () => {
  await cluster.cluster.useMirrors({ 'registry.invalid': [`http://${mirror()}/proxied`] })
  await cluster.kubectl.ok(
    ...['create', 'secret', 'docker-registry', 'own', '--docker-server=registry.invalid'],
    ...['--docker-username=me', '--docker-password=secret'],
  )
  await create('mirrored', 'registry.invalid/team/app:1', { imagePullSecrets: [{ name: 'own' }] })
  await told('mirrored', 'Successfully pulled image "registry.invalid/team/app:1"')
  const seen = await requestsOf(mirror())
  expect(seen).toContain('HEAD /v2/proxied/team/app/manifests/1')
  expect(seen.filter((each) => each.includes('credentials'))).toEqual([])
  // Under the names of its own registry: the tag, and the digest.
  await expect.poll(() => imageIdOf('mirrored'), { timeout: 20_000 }).toMatch(/^registry\.invalid\/team\/app@sha256:/)

  const byDigest = await imageIdOf('mirrored')
  await create('by-digest', byDigest)
  await told('by-digest', `Container image "${byDigest}" already present on machine`)
  await create('again', 'registry.invalid/team/app:1')
  await told('again', 'Container image "registry.invalid/team/app:1" already present on machine')
})

test('a mirror that is not there is passed over, and one that is removed is not asked again', async () => {
  await cluster.cluster.useMirrors({ [original]: ['http://127.0.0.1:1', `http://${mirror()}`] })
  await inWorker(`node -e "fetch('http://${mirror()}/repair', { method: 'POST' })"`)
  await create('second', `${original}/team/second:1`)
  await told('second', `Successfully pulled image "${original}/team/second:1"`)
  expect((await requestsOf(mirror())).join()).toContain('/v2/team/second/manifests/1')
  expect((await requestsOf(original)).join()).not.toContain('second')

  await cluster.cluster.useMirrors({ [original]: ['http://127.0.0.1:1'] })
  await create('third', `${original}/team/third:1`)
  await told('third', `Successfully pulled image "${original}/team/third:1"`)
  expect((await requestsOf(original)).join()).toContain('/v2/team/third/manifests/1')
  expect((await requestsOf(mirror())).join()).not.toContain('third')
})

test('where nobody has an image, the event says why of the registry and of each mirror', async () => {
  await cluster.cluster.useMirrors({ 'registry.invalid': ['http://127.0.0.1:1', 'https://127.0.0.1:2/gh'] })
  await create('nowhere', 'registry.invalid/team/none:1')
  await told('nowhere', 'Failed to pull image "registry.invalid/team/none:1"')
  const message = await eventsOf('nowhere')
  expect(message).toMatch(
    /registry\.invalid.*; mirror http:\/\/127\.0\.0\.1:1: .*; mirror https:\/\/127\.0\.0\.1:2\/gh: /,
  )
})

test('no more images are pulled at once than `maxParallelImagePulls`, the others in their turn', async () => {
  const names = ['held-1', 'held-2', 'held-3']
  await Promise.all(names.map((name) => create(name, `${original}/${name}/app:1`)))
  for (const name of names) await told(name, `Pulling image "${original}/${name}/app:1"`)
  /** Before the registry gave the first of them. */
  const asked = async (): Promise<number> => {
    const [seen = ''] = (await requestsOf(original)).join(' ').split('released')
    return names.filter((name) => seen.includes(`/v2/${name}/`)).length
  }
  await expect.poll(asked, { timeout: 20_000 }).toBeGreaterThanOrEqual(2)
  await inWorker(`node -e "fetch('http://${original}/release', { method: 'POST' })"`)
  for (const name of names) await told(name, `Successfully pulled image "${original}/${name}/app:1"`)
  expect(await asked()).toBe(2)
})
