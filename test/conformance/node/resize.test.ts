import { expect, test } from 'vitest'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { conditionOf, containerOf, podsOf, shell } from '../support/pods.ts'
import { serverWithWorkers } from '../support/server.ts'

/** Pods whose containers are resized while they run, and back. */

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)

/** Requests and limits of a container; what is left out is not set. */
interface Size {
  cpu?: string
  memory?: string
  cpuLimit?: string
  memoryLimit?: string
}
const resourcesOf = ({ cpu, memory, cpuLimit, memoryLimit }: Size): Wire => ({
  ...(cpu || memory ? { requests: { ...(cpu && { cpu }), ...(memory && { memory }) } } : {}),
  ...(cpuLimit || memoryLimit
    ? { limits: { ...(cpuLimit && { cpu: cpuLimit }), ...(memoryLimit && { memory: memoryLimit }) } }
    : {}),
})
const guaranteed = (cpu: string, memory: string): Size => ({ cpu, memory, cpuLimit: cpu, memoryLimit: memory })
const nameOf = (index: number): string => `c${index + 1}`

/** By strategic merge, so that what is not named stays. */
const byPatch = (name: string, sizes: Size[]): Promise<Wire> =>
  api.patch(
    `${pods.at(name)}/resize`,
    { spec: { containers: sizes.map((size, index) => ({ name: nameOf(index), resources: resourcesOf(size) })) } },
    'strategic',
  )
const byReplace = (name: string, sizes: Size[]): Promise<Wire> =>
  api.change(`${pods.at(name)}/resize`, ({ spec }) => {
    for (const [index, size] of sizes.entries()) spec.containers[index].resources = resourcesOf(size)
  })

async function start(sizes: Size[]): Promise<string> {
  const containers = sizes.map((size, index) => shell(undefined, { name: nameOf(index), resources: resourcesOf(size) }))
  const name = await pods.create({ containers })
  await pods.ready(name)
  await expectSizes(name, sizes)
  return name
}

/** The spec, the status and the control groups show the sizes, without a restart. */
async function expectSizes(name: string, sizes: Size[]): Promise<void> {
  await eventually(`${name} is resized`, async () => {
    const pod = await api.get(pods.at(name))
    expect([conditionOf(pod, 'PodResizePending'), conditionOf(pod, 'PodResizeInProgress')]).toEqual([
      undefined,
      undefined,
    ])
    for (const [index, size] of sizes.entries()) {
      const wanted = resourcesOf(size)
      expect(pod.spec.containers[index].resources).toEqual(wanted)
      const { resources = {}, allocatedResources, restartCount } = containerOf(pod, nameOf(index))
      expect(resources).toEqual(wanted)
      expect(allocatedResources).toEqual(wanted.requests)
      expect(restartCount).toBe(0)
    }
    return true
  })
  for (const [index, size] of sizes.entries()) await expectControlGroup(name, nameOf(index), size)
}

/** What the container reads of its own control group, of version 1 or 2. */
const readControlGroup = `cd /sys/fs/cgroup
if [ -e cpu.max ]; then cat cpu.max cpu.weight memory.max
else cat cpu/cpu.cfs_quota_us cpu/cpu.shares memory/memory.limit_in_bytes; fi`

async function expectControlGroup(name: string, container: string, size: Size): Promise<void> {
  const command = ['sh', '-c', readControlGroup]
  const [quota = '', shares = '', memory = ''] = (
    await server.kubectl.ok('exec', '-n', pods.namespace, name, '-c', container, '--', ...command)
  ).split('\n')
  if (size.cpuLimit !== undefined) {
    // Of a period of 100 ms; a quota is 1 ms or more.
    const micros = Math.max(1_000, quantityMillis(size.cpuLimit) * 100)
    expect(Number(quota.split(' ')[0])).toBe(micros)
  }
  const isOld = !quota.includes(' ')
  if (isOld && size.cpu !== undefined)
    expect(Number(shares)).toBe(Math.max(2, Math.floor((quantityMillis(size.cpu) * 1024) / 1000)))
  if (size.memoryLimit !== undefined) expect(Number(memory)).toBe(quantityValue(size.memoryLimit))
}

async function resizeAndBack(from: Size[], to: Size[], resize = byPatch): Promise<string> {
  const name = await start(from)
  await resize(name, to)
  await expectSizes(name, to)
  return name
}

const title = (words: string): string =>
  `[sig-node] Pod InPlace Resize Container ${words} [MinimumKubeletVersion:1.34] [Conformance]`
const three = (words: string): string => title(`guaranteed pods with multiple containers 3 containers - ${words}`)
const original = [guaranteed('20m', '35Mi'), guaranteed('22m', '37Mi'), guaranteed('24m', '39Mi')]

const threeCases: [words: string, to: Size[]][] = [
  [
    'increase cpu & mem on c1, c2, decrease cpu & mem on c3 - net increase',
    [guaranteed('25m', '40Mi'), guaranteed('27m', '42Mi'), guaranteed('19m', '34Mi')],
  ],
  [
    'increase cpu & mem on c1, decrease cpu & mem on c2, c3 - net decrease',
    [guaranteed('25m', '40Mi'), guaranteed('17m', '32Mi'), guaranteed('19m', '34Mi')],
  ],
  [
    'increase: CPU (c1,c3), memory (c2, c3) ; decrease: CPU (c2)',
    [guaranteed('25m', '35Mi'), guaranteed('17m', '42Mi'), guaranteed('29m', '44Mi')],
  ],
]
for (const [words, to] of threeCases)
  test.concurrent(three(words), async () => {
    const name = await resizeAndBack(original, to)
    await byPatch(name, original)
    await expectSizes(name, original)
  })

test.concurrent(
  title('burstable pods - extended 6 containers - various operations performed (including adding limits and requests)'),
  async () => {
    await resizeAndBack(
      [
        { cpu: '20m' },
        { memory: '35Mi' },
        { cpu: '20m', memory: '35Mi' },
        { cpu: '20m' },
        { memory: '35Mi' },
        { cpu: '20m', cpuLimit: '30m', memory: '35Mi', memoryLimit: '45Mi' },
      ],
      [
        { cpu: '25m', cpuLimit: '35m' },
        { memory: '30Mi', memoryLimit: '50Mi' },
        { cpu: '20m', memory: '30Mi' },
        { cpu: '15m', memory: '35Mi' },
        { cpu: '20m', memory: '40Mi' },
        { cpu: '15m', cpuLimit: '35m', memory: '40Mi', memoryLimit: '50Mi' },
      ],
    )
  },
)

test.concurrent(title('burstable pods - extended resize with equivalents'), async () => {
  const from = [{ cpu: '2m', cpuLimit: '10m' }]
  const name = await resizeAndBack(from, [{ cpu: '1m', cpuLimit: '5m' }])
  await byPatch(name, from)
  await expectSizes(name, from)
})

test.concurrent(title('resize pod via the replace endpoint'), async () => {
  const from = [{ cpu: '20m', cpuLimit: '30m', memory: '35Mi', memoryLimit: '45Mi' }]
  const to = [{ cpu: '25m', cpuLimit: '35m', memory: '40Mi', memoryLimit: '50Mi' }]
  const name = await resizeAndBack(from, to, byReplace)
  expect(await api.get(`${pods.at(name)}/resize`)).toEqual(await api.get(pods.at(name)))
})
