import { describe, expect, test } from 'vitest'
import { defaultKubeletSettings } from '#shared/kube/kubelet/settings.ts'
import { kubeletSettingsOf, readKubeletConfiguration } from './read.ts'

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n'
const read = (body: string) => kubeletSettingsOf(head + body)

describe('a configuration', () => {
  test('that says nothing is the default one, and there need not be any', async () => {
    expect(read('')).toEqual(defaultKubeletSettings)
    expect(await readKubeletConfiguration('/nonexistent/kubelet.yaml')).toBeUndefined()
  })

  test('sets thresholds, which replace the defaults', () => {
    const { thresholds, transitionMs } = read(`
evictionHard: { memory.available: 5% }
evictionSoft: { nodefs.available: 3Gi }
evictionSoftGracePeriod: { nodefs.available: 1m30s }
evictionMinimumReclaim: { nodefs.available: 1Gi }
evictionPressureTransitionPeriod: 5s
`).eviction
    expect(thresholds).toEqual([
      { signal: 'memory.available', value: { share: 0.05 }, graceMs: 0 },
      {
        signal: 'nodefs.available',
        value: { quantity: '3Gi' },
        graceMs: 90_000,
        minimumReclaim: { quantity: '1Gi' },
      },
    ])
    expect(transitionMs).toBe(5_000)
  })

  test('changes one of the default thresholds', () => {
    const { thresholds } = read(
      'mergeDefaultEvictionSettings: true\nevictionHard: { memory.available: 200Mi }',
    ).eviction
    expect(thresholds).toHaveLength(defaultKubeletSettings.eviction.thresholds.length)
    expect(thresholds.at(-1)).toMatchObject({ signal: 'memory.available', value: { quantity: '200Mi' } })
  })

  test('says how images are pulled and collected', () => {
    expect(
      read('imageGCHighThresholdPercent: 70\nimageGCLowThresholdPercent: 60\nserializeImagePulls: true').images,
    ).toMatchObject({ highPercent: 70, lowPercent: 60, parallelPulls: 1, minimumAgeMs: 120_000 })
  })

  test('says how long pods get when a worker is stopped', () => {
    expect(read('shutdownGracePeriod: 15s\nshutdownGracePeriodCriticalPods: 5s').shutdown).toEqual([
      { priority: 0, seconds: 10 },
      { priority: 2_000_000_000, seconds: 5 },
    ])
    expect(read('shutdownGracePeriod: 0s').shutdown).toEqual([])
    expect(
      read(
        'shutdownGracePeriodByPodPriority: [{ priority: 100, shutdownGracePeriodSeconds: 3 }, { priority: 0, shutdownGracePeriodSeconds: 9 }]',
      ).shutdown,
    ).toEqual([
      { priority: 0, seconds: 9 },
      { priority: 100, seconds: 3 },
    ])
  })
})

test.each([
  ['an unknown field', 'maxPods: 7', 'Unrecognized key: "maxPods"'],
  ['an unknown signal', 'evictionHard: { disk.available: 1Gi }', 'evictionHard: Unrecognized key: "disk.available"'],
  ['no amount', 'evictionHard: { memory.available: much }', /^evictionHard\.memory\.available: must be a quantity/],
  ['a share beyond all', 'evictionHard: { memory.available: 101% }', /must be greater than 0% and at most 100%$/],
  ['no grace', 'evictionSoft: { memory.available: 1Gi }', /grace period must be specified .* memory\.available$/],
  ['no duration', 'imageMinimumGCAge: soon', 'imageMinimumGCAge: must be a duration such as 1m30s'],
  [
    'a low threshold above the high one',
    'imageGCHighThresholdPercent: 50\nimageGCLowThresholdPercent: 60',
    /must be less than imageGCHighThresholdPercent 50$/,
  ],
  ['a relative folder', 'staticPodPath: manifests', 'staticPodPath: must be an absolute path'],
  [
    'more for a part than for all',
    'shutdownGracePeriod: 1s\nshutdownGracePeriodCriticalPods: 2s',
    /less than or equal/,
  ],
])('%s is refused by name', (_what, body, message) => {
  expect(() => read(body)).toThrow(message)
})
