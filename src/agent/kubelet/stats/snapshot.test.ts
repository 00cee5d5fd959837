import { expect, test } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { ObservedContainer } from '../runtime/runtime.ts'
import type { CgroupUsage } from './cgroup.ts'
import { createSnapshots } from './snapshot.ts'

const seconds = (count: number): number => count * 1_000

/** A node with the pod `p` (uid `u`), whose containers and control groups a test sets. */
function node() {
  const containers: ObservedContainer[] = []
  const groups = new Map<string, CgroupUsage>([['/', usage(1e9)]])
  const clock = createFakeClock(0)
  const pod: Stored<Pod> = {
    metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1' },
    spec: {
      initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }],
      containers: [{ name: 'b' }, { name: 'a' }],
      ephemeralContainers: [{ name: 'debug' }],
    },
  }
  let reads = 0
  const snapshots = createSnapshots({
    runtime: { containers: () => containers },
    pods: () => [pod],
    cgroups: {
      usage(path) {
        if (path === '/') reads++
        return groups.get(path)
      },
      details: () => undefined,
    },
    clock,
    interfaces: () => [],
  })
  return {
    snapshots,
    pod,
    reads: () => reads,
    pass: (ms: number) => clock.advance(ms),
    run(id: string, name: string, cpuNanos: number, own: Partial<ObservedContainer> = {}) {
      containers.push({ id, name, state: 'running', sandbox: name === '', pid: 1, ...own } as ObservedContainer)
      groups.set(`${own.cgroupParent ?? '/docker'}/${id}`, usage(cpuNanos))
    },
    group: (path: string, cpuNanos: number) => void groups.set(path, usage(cpuNanos)),
    use: (id: string, cpuNanos: number) => void groups.set(`/docker/${id}`, usage(cpuNanos)),
    end(id: string) {
      containers.splice(
        containers.findIndex((container) => container.id === id),
        1,
      )
      groups.delete(`/docker/${id}`)
    },
  }
}

const usage = (cpuNanos: number): CgroupUsage => ({
  cpuNanos,
  memory: { usage: 10, workingSet: 8, rss: 6, pageFaults: 4, majorPageFaults: 2 },
  swap: 1,
  tasks: 1,
})

test('running containers of every kind appear in the order of the spec, beside the sandbox', async () => {
  const { snapshots, run } = node()
  run('s', '', 1)
  for (const name of ['debug', 'a', 'b', 'sidecar']) run(`id-${name}`, name, 10)
  const [pod] = (await snapshots.take()).pods
  expect(pod?.containers.map(({ observed }) => observed.name)).toEqual(['sidecar', 'b', 'a', 'debug'])
  expect(pod?.sandbox?.observed.id).toBe('s')
  expect(pod?.total.cpuNanos).toBe(40)
  expect(pod?.total.memory.workingSet).toBe(32)
})

test('a pod without running containers has no entry, nor has a container without a control group', async () => {
  const { snapshots, run, end, pass } = node()
  run('s', '', 1)
  run('old', 'a', 1, { state: 'exited' })
  expect((await snapshots.take(0)).pods).toEqual([])
  run('a', 'a', 1)
  run('b', 'b', 1)
  await pass(1)
  expect((await snapshots.take(0)).pods[0]?.containers).toHaveLength(2)
  end('a')
  await pass(1)
  expect((await snapshots.take(0)).pods[0]?.containers.map(({ observed }) => observed.id)).toEqual(['b'])
})

test('what the group of a pod has used counts for it, ended containers included', async () => {
  const { snapshots, group, run, end, pass } = node()
  group('/kubepods/besteffort/podu', 7e9)
  run('a-1', 'a', 5e9, { cgroupParent: '/kubepods/besteffort/podu' })
  await snapshots.take(0)
  end('a-1')
  run('a-2', 'a', 1e9, { cgroupParent: '/kubepods/besteffort/podu' })
  await pass(seconds(1))
  const [pod] = (await snapshots.take(0)).pods
  expect([pod?.total.cpuNanos, pod?.containers[0]?.cpuNanos]).toEqual([7e9, 1e9])
})

test('use of CPU is known from the second sample on, for containers, pods and node', async () => {
  const { snapshots, run, use, pass } = node()
  run('a', 'a', 0)
  expect((await snapshots.take(0)).pods[0]?.total).not.toHaveProperty('nanoCores')
  await pass(seconds(10))
  use('a', 5e9)
  const { node: whole, pods } = await snapshots.take(0)
  expect(pods[0]?.total.nanoCores).toBe(500_000_000)
  expect(pods[0]?.containers[0]?.nanoCores).toBe(500_000_000)
  expect(whole.nanoCores).toBe(0)
})

test('callers within some seconds share one snapshot', async () => {
  const { snapshots, pass, reads } = node()
  await Promise.all([snapshots.take(), snapshots.take()])
  await pass(seconds(2))
  await snapshots.take()
  expect(reads()).toBe(1)
  await pass(seconds(2))
  await snapshots.take()
  expect(reads()).toBe(2)
})

test('samples are taken for nobody, but not beside those of who asks every ten seconds', async () => {
  const { snapshots, pass, reads } = node()
  const stop = snapshots.start()
  await pass(seconds(60))
  const alone = reads()
  expect(alone).toBeGreaterThanOrEqual(5)
  await snapshots.take()
  const asked = reads()
  for (let times = 0; times < 6; times++) {
    await pass(seconds(10))
    await snapshots.take()
  }
  expect(reads() - asked).toBe(6)
  await stop()
  await pass(seconds(60))
  expect(reads() - asked).toBe(6)
})
