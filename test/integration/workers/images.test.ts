import { execFile } from 'node:child_process'
import { truncate } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKubectl } from '#test/support/kubectl.ts'
import { slipwayUp, type Slipway } from '#test/support/slipway.ts'

/** `slipway image` against a headless cluster of one real worker, as its user runs it. */
const run = promisify(execFile)
const name = `images-${process.pid}`
const image = 'redis:7'
let slipway: Slipway
let registryPort: number
beforeAll(async () => {
  registryPort = await freePort()
  const mirror = ['--registry-mirror', `http://127.0.0.1:${registryPort}`]
  const ranges = ['--pod-cidr', '10.60.0.0/16', '--service-cidr', '10.61.0.0/24']
  slipway = await slipwayUp({
    name,
    args: ['--workers', '1', '--registry', String(registryPort), ...mirror, ...ranges],
  })
}, 240_000)
afterAll(() => slipway?.end(), 120_000)

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
const command = (...args: string[]) => slipway.run('image', ...args, '--data', slipway.data)
const succeed = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await command(...args)
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}
/** It fails with one line. */
const fail = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await command(...args)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr.trim().split('\n')).toHaveLength(1)
  return stderr
}
const worker = (): string => slipway.ready.workers[0] ?? ''
const row = new RegExp(`^\\S+ +${image} +[0-9a-f]{12} +[\\d.]+ MB +no$`, 'm')

test('images of the engine and archives are loaded, listed and removed, and damaged archives refused', async () => {
  expect(await succeed('list', name)).not.toMatch(row)
  expect(await succeed('load', name, image)).toBe(`${image} loaded into ${worker()}\n`)
  expect(await succeed('list', name)).toMatch(row)
  expect(await succeed('load', name, image)).toBe(`every worker has ${image} already\n`)

  expect(await succeed('prune', name)).toMatch(new RegExp(`^${worker()}: \\d+ removed, [\\d.]+ MB freed\n$`))
  const left = await succeed('list', name)
  expect(left).not.toMatch(row)
  // The sandboxes' image stays.
  expect(left).toMatch(/pause.* yes$/m)

  const file = join(slipway.data, 'image.tar')
  await run('docker', ['save', '-o', file, image])
  expect(await succeed('load', name, file)).toBe(`${image} loaded into ${worker()}\n`)
  expect(await succeed('list', name)).toMatch(row)
  await succeed('prune', name)
  await truncate(file, 2_000_000)
  expect(await fail('load', name, file)).toContain('no archive of images')
  expect(await succeed('list', name)).not.toMatch(row)
}, 120_000)

test('a pod runs from an image that was pushed to the local registry and is nowhere else', async () => {
  const pushed = `localhost:${registryPort}/team/app:1`
  await run('docker', ['tag', 'slipway/test-programs:2', pushed])
  await run('docker', ['push', pushed])
  await run('docker', ['rmi', pushed])
  const kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.ok('run', 'app', `--image=${pushed}`, '--restart=Never', '--command', '--', 'echo', 'from the registry')
  await kubectl.waitForValue('pod/app', '{.status.phase}', 'Succeeded')
  expect(await kubectl.ok('logs', 'app')).toBe('from the registry\n')
  const id = await kubectl.ok('get', 'pod', 'app', '-o', 'jsonpath={.status.containerStatuses[0].imageID}')
  expect(id).toMatch(new RegExp(`localhost:${registryPort}/team/app@sha256:`))
}, 120_000)

test('an image of docker.io comes from the mirror, here the local registry', async () => {
  const mirrored = `localhost:${registryPort}/team/mirrored:1`
  await run('docker', ['tag', 'slipway/test-programs:2', mirrored])
  await run('docker', ['push', mirrored])
  await run('docker', ['rmi', mirrored])
  const kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.ok(
    'run',
    'mirrored',
    '--image=team/mirrored:1',
    '--restart=Never',
    '--command',
    '--',
    'echo',
    'mirrored',
  )
  await kubectl.waitForValue('pod/mirrored', '{.status.phase}', 'Succeeded')
  const id = await kubectl.ok('get', 'pod', 'mirrored', '-o', 'jsonpath={.status.containerStatuses[0].imageID}')
  expect(id).toMatch(/team\/mirrored@sha256:/)
}, 120_000)

test('mirrors of other registries are set, listed and removed while the cluster runs', async () => {
  const mirror = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await slipway.run('mirror', ...args, '--data', slipway.data)
    return code === 0 ? stdout : stderr
  }
  const url = `http://127.0.0.1:${registryPort}/team`
  expect(await mirror('set', name, 'registry.invalid', url)).toBe(`registry.invalid: ${url}\n`)
  expect(await mirror('list', name)).toMatch(/^REGISTRY +MIRRORS\ndocker\.io +\S+\nregistry\.invalid +\S+\/team\n$/)
  const kubectl = createKubectl(slipway.kubeconfig)
  await kubectl.ok('run', 'other', '--image=registry.invalid/mirrored:1', '--restart=Never', '--command', '--', 'true')
  await kubectl.waitForValue('pod/other', '{.status.phase}', 'Succeeded')

  expect(await mirror('remove', name, 'registry.invalid')).toBe('registry.invalid is asked itself\n')
  expect(await mirror('list', name)).not.toContain('registry.invalid')
  expect(await mirror('set', name, 'ghcr', url)).toContain('must be a registry as in image names')
  expect(await mirror('set', name, 'ghcr.io', 'mirror.example.com')).toContain('must be the URL of a registry')
  expect(await mirror('set', name, 'ghcr.io')).toContain('usage: slipway mirror')
}, 120_000)

test('pods and Services have addresses of the ranges that the cluster was made with', async () => {
  const kubectl = createKubectl(slipway.kubeconfig)
  const addresses = 'jsonpath={.items[*].spec.clusterIP}'
  expect((await kubectl.ok('get', 'services', '-A', '-o', addresses)).split(' ').sort()).toEqual([
    '10.61.0.1',
    '10.61.0.10',
  ])
  const look =
    'nslookup kubernetes.default.svc.cluster.local && nc -w 3 kubernetes.default.svc.cluster.local 443 < /dev/null && hostname -i'
  await kubectl.ok('run', 'looks', '--image=busybox:1.36', '--restart=Never', '--command', '--', 'sh', '-c', look)
  await kubectl.waitForValue('pod/looks', '{.status.phase}', 'Succeeded')
  const log = await kubectl.ok('logs', 'looks')
  expect(log).toContain('10.61.0.1')
  expect(log).toMatch(/^10\.60\.0\.\d+$/m)
}, 60_000)

test('what cannot be done is said in one line', async () => {
  expect(await fail('load', name, 'nobody/nothing:1')).toContain('has no image "nobody/nothing:1"')
  expect(await fail('load', name, '$(x)')).toContain('$(x)')
  expect(await fail('list', 'nobody')).toContain('nobody')
  expect(await fail('load', name)).toContain('usage: slipway image')
  expect(await fail('burn', name)).toContain('usage: slipway image')
}, 60_000)
