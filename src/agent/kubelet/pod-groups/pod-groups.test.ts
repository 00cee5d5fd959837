import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { Pod, PodSpec, ResourceRequirements } from '#shared/kube/generated/types.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { stored } from '#test/support/stored.ts'
import { createHierarchy, type Hierarchy } from './hierarchy.ts'
import { createPodGroups } from './index.ts'
import { groupOf, groupSettings } from './settings.ts'

const podOf = (uid: string, resources: ResourceRequirements, spec: Partial<PodSpec> = {}) =>
  stored<Pod>({
    metadata: { name: uid, namespace: 'n', uid },
    spec: { containers: [{ name: 'c', resources }], ...spec },
  })
const mib = 2 ** 20

describe('the settings of a group', () => {
  test.each<[string, ResourceRequirements, Partial<PodSpec>, string, object]>([
    ['nothing asked for', {}, {}, '/kubepods/besteffort/podu', { cpuShares: 2, cpuQuota: 0, memoryBytes: 0 }],
    [
      'limits of all containers',
      { limits: { cpu: '500m', memory: '64Mi' } },
      {},
      '/kubepods/podu',
      { cpuShares: 512, cpuQuota: 50_000, memoryBytes: 64 * mib },
    ],
    [
      'a container without limits',
      { requests: { cpu: '100m' } },
      { initContainers: [{ name: 'i', resources: { limits: { cpu: '1', memory: '1Gi' } } }] },
      '/kubepods/burstable/podu',
      { cpuQuota: 0, memoryBytes: 0 },
    ],
    [
      'limits of the pod as a whole',
      {},
      { resources: { requests: { cpu: '100m' }, limits: { cpu: '1', memory: '32Mi' } } },
      '/kubepods/burstable/podu',
      { cpuShares: 102, cpuQuota: 100_000, memoryBytes: 32 * mib },
    ],
    [
      'huge pages',
      { limits: { cpu: '1', memory: '1Gi', 'hugepages-2Mi': '4Mi' } },
      {},
      '/kubepods/podu',
      { hugePages: new Map([[2 * mib, 4 * mib]]) },
    ],
  ])('%s', (_name, resources, spec, path, expected) => {
    const limits = resources.limits
    const pod = podOf('u', limits ? { requests: limits, ...resources } : resources, spec)
    expect(groupOf(pod)).toBe(path)
    expect(groupSettings(pod)).toMatchObject(expected)
  })
})

describe('on version 2 of control groups', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-groups-'))
    await writeFile(join(root, 'cgroup.controllers'), 'cpu memory hugetlb')
  })
  afterEach(() => rm(root, { recursive: true }))

  test('limits are written to the files that the kernel has', async () => {
    const hierarchy = createHierarchy({ root })
    await hierarchy.make('/kubepods/podu')
    const files = ['cpu.weight', 'cpu.max', 'memory.max', 'hugetlb.2MB.max', 'hugetlb.1GB.max']
    for (const file of files) await writeFile(join(root, 'kubepods/podu', file), '')
    await hierarchy.apply('/kubepods/podu', {
      cpuShares: 1_024,
      cpuQuota: 50_000,
      memoryBytes: 64 * mib,
      hugePages: new Map([[2 * mib, 4 * mib]]),
    })
    const written = await Promise.all(files.map((file) => readFile(join(root, 'kubepods/podu', file), 'utf8')))
    expect(written).toEqual(['39', '50000 100000', String(64 * mib), String(4 * mib), '0'])
    expect(await readdir(join(root, 'kubepods/podu'))).toEqual([...files].sort())
  })
})

test('on version 1 a group is made and removed in each hierarchy', async () => {
  const root = await mkdtemp(join(tmpdir(), 'slipway-groups-'))
  for (const name of ['cpu', 'memory']) {
    await mkdir(join(root, name))
    await writeFile(join(root, name, 'cgroup.procs'), '')
  }
  const hierarchy = createHierarchy({ root })
  await hierarchy.make('/kubepods/podu/c')
  expect([await hierarchy.children('/kubepods'), await readdir(join(root, 'cpu/kubepods'))]).toEqual([
    ['podu'],
    ['podu'],
  ])
  await hierarchy.remove('/kubepods/podu')
  expect([await hierarchy.children('/kubepods'), await readdir(join(root, 'cpu/kubepods'))]).toEqual([[], []])
  await rm(root, { recursive: true })
})

describe('pods', () => {
  let done: string[]
  let busy: number
  const clock = createFakeClock()
  const hierarchy: Hierarchy = {
    make: async () => undefined,
    apply: async (path, { cpuQuota, memoryBytes }) => void done.push(`${path} ${cpuQuota} ${memoryBytes}`),
    applyShares: async (path, shares) => void done.push(`${path} shares ${shares}`),
    children: async (path) =>
      path === '/kubepods' ? ['burstable', 'podg'] : path.endsWith('/burstable') ? ['podb'] : [],
    async remove(path) {
      if (busy-- > 0) throw new Error('busy')
      done.push(`removed ${path}`)
    },
  }
  beforeEach(() => {
    done = []
    busy = 0
  })
  const create = () => createPodGroups({ hierarchy, cpuMillis: 2_000, clock, log: silentLog })

  test('burstable ones have together what they request', async () => {
    const groups = create()
    expect(await groups.ensure(podOf('a', { requests: { cpu: '1' } }))).toBe('/kubepods/burstable/poda')
    await groups.ensure(podOf('b', { requests: { cpu: '500m' } }))
    expect(done).toEqual([
      '/kubepods shares 2048',
      '/kubepods/besteffort shares 2',
      '/kubepods/burstable/poda 0 0',
      '/kubepods/burstable shares 1024',
      '/kubepods/burstable/podb 0 0',
      '/kubepods/burstable shares 1536',
    ])
  })

  test('one that is resized is raised first, and lowered at the end', async () => {
    const groups = create()
    const limited = (cpu: string, memory: string) => podOf('a', {}, { resources: { limits: { cpu, memory } } })
    await groups.ensure(limited('1', '64Mi'))
    const next = limited('2', '32Mi')
    expect(groups.needsResize(next)).toBe(true)
    done = []
    await groups.raise(next)
    await groups.settle(next)
    expect(done).toEqual([`/kubepods/poda 200000 ${64 * mib}`, `/kubepods/poda 200000 ${32 * mib}`])
    expect(groups.needsResize(next)).toBe(false)
  })

  test('the group of one that is still ending is removed in a moment', async () => {
    busy = 2
    const groups = create()
    groups.remove('g')
    await clock.advance(200)
    expect(done).toEqual([])
    await clock.advance(200)
    expect(done).toContain('removed /kubepods/podg')
    expect(await groups.uids()).toEqual(['g', 'b'])
  })
})
