import { describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { stored } from '#test/support/stored.ts'
import type { PodUsage, Snapshot } from './stats/snapshot.ts'
import type { Storage, VolumeUsage } from './stats/storage.ts'
import { enforceStorageLimits, excess } from './storage-limits.ts'

const mebi = 2 ** 20
const limited = (limit: string, name = 'c') => ({ name, resources: { limits: { 'ephemeral-storage': limit } } })
const podOf = (spec: Partial<Pod['spec']>): Stored<Pod> =>
  stored<Pod>({ metadata: { name: 'p', uid: 'u' }, spec: { containers: [{ name: 'c' }], ...spec } })

/** @param written bytes in root and log, by container @param volumes bytes, by name; `~` before the name: in memory */
function use(
  pod: Stored<Pod>,
  written: Record<string, [layer: number, log: number]>,
  volumes: Record<string, number> = {},
): [PodUsage, Pick<Storage, 'containers' | 'volumes'>] {
  const containers = Object.keys(written).map((name) => ({ observed: { id: `${name}-id`, name } }))
  const usage = { pod, containers } as unknown as PodUsage
  const inVolumes = Object.entries(volumes).map(([name, bytes]) => ({
    name: name.replace('~', ''),
    size: { bytes, inodes: 1 },
    isEphemeral: !name.startsWith('~'),
  })) as unknown as VolumeUsage[]
  return [
    usage,
    {
      containers: new Map(
        Object.entries(written).map(([name, [layer, logBytes]]) => [
          `${name}-id`,
          { layer: { bytes: layer, inodes: 1 }, logBytes },
        ]),
      ),
      volumes: new Map([['u', inVolumes]]),
    },
  ]
}

describe('what a pod uses beyond its limits', () => {
  const emptyDirs = { volumes: [{ name: 'e', emptyDir: { sizeLimit: '5Mi' } }] }
  const podMessage = (limit: string): string =>
    `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `
  test.each<[string, ReturnType<typeof use>, string | undefined]>([
    [
      'a volume',
      use(podOf(emptyDirs), { c: [0, 0] }, { e: 20 * mebi }),
      'Usage of EmptyDir volume "e" exceeds the limit "5Mi". ',
    ],
    ['a volume that keeps its limit', use(podOf(emptyDirs), { c: [9 * mebi, 0] }, { e: 5 * mebi }), undefined],
    [
      'a volume with limit 0, which is none',
      use(podOf({ volumes: [{ name: 'e', emptyDir: { sizeLimit: '0' } }] }), { c: [0, 0] }, { e: 5 * mebi }),
      undefined,
    ],
    ['root and log', use(podOf({ containers: [limited('1Mi')] }), { c: [mebi, 1] }), podMessage('1Mi')],
    [
      'volumes on the disk',
      use(podOf({ containers: [limited('1Mi')] }), { c: [0, 0] }, { v: 2 * mebi }),
      podMessage('1Mi'),
    ],
    [
      'volumes in memory do not count',
      use(podOf({ containers: [limited('1Mi')] }), { c: [0, 0] }, { '~m': 2 * mebi }),
      undefined,
    ],
    [
      'one container of several',
      use(podOf({ containers: [limited('1Mi'), limited('3Mi', 'd')] }), { c: [2 * mebi, 0], d: [mebi, 0] }),
      'Container c exceeded its local ephemeral storage limit "1Mi". ',
    ],
    [
      'all containers together',
      use(podOf({ containers: [limited('1Mi'), { name: 'd' }] }), { c: [0, 0], d: [2 * mebi, 0] }),
      podMessage('1Mi'),
    ],
    ['no limits', use(podOf({}), { c: [9 * mebi, 0] }, { v: 9 * mebi }), undefined],
  ])('%s', (_what, [usage, measured], message) => {
    expect(excess(usage, measured)).toBe(message)
  })
})

test('only pods with limits are measured, and evicted once they use more', async () => {
  const clock = createFakeClock()
  let all: Stored<Pod>[] = [podOf({})]
  let bytes = mebi
  let measurements = 0
  const evicted: string[] = []
  const stop = enforceStorageLimits({
    pods: () => all,
    snapshots: {
      take: async () => ({ pods: all.map((pod) => use(pod, { c: [bytes, 0] })[0]) }) as unknown as Snapshot,
    },
    storage: {
      async of({ pods }) {
        measurements++
        expect(pods).toHaveLength(1)
        return use(podOf({}), { c: [bytes, 0] })[1] as Storage
      },
    },
    clock,
    log: silentLog,
    evict: (uid, message) => evicted.push(`${uid}: ${message}`),
  })
  await clock.advance(10_000)
  expect(measurements).toBe(0)
  all = [podOf({ containers: [limited('1Mi')] })]
  await clock.advance(10_000)
  expect([measurements, evicted]).toEqual([1, []])
  bytes += 1
  await clock.advance(10_000)
  expect(evicted).toEqual(['u: Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. '])
  await stop()
  expect(clock.pending).toBe(0)
})
