import { describe } from 'vitest'
import type { HorizontalPodAutoscaler, Pod, Scale } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { quantityMillis } from '#shared/kube/quantity.ts'
import { goldenNow, goldenPairs } from '#test/support/golden.ts'
import { stored } from '#test/support/stored.ts'
import { decide } from './decide.ts'
import { defaultSettings } from './index.ts'
import type { Reading } from './metric-status.ts'

/** An answer of a metrics API, as the input files write it: one for each metric of the autoscaler. */
interface ReadingObject extends KubeObject {
  samples?: Record<string, string>
  values?: string[]
  error?: string
}

/** A recommendation from before, as the input files write it. */
interface RecommendationObject extends KubeObject {
  replicas: number
  secondsAgo: number
}

/** An autoscaler, its target's scale, pods and metrics in; what is to be written out. */
describe('a decision about a HorizontalPodAutoscaler', () => {
  goldenPairs(`${import.meta.dirname}/testdata`, (objects) => {
    const of = <T extends KubeObject>(kind: string): T[] => objects.filter((each) => each.kind === kind) as T[]
    const [hpa] = of<HorizontalPodAutoscaler>('HorizontalPodAutoscaler')
    const [scale] = of<Scale>('Scale')
    if (!hpa || !scale) throw new Error('no HorizontalPodAutoscaler or Scale in the input')
    const recommendations = of<RecommendationObject>('Recommendation').map(({ replicas, secondsAgo }) => ({
      replicas,
      at: goldenNow - secondsAgo * 1000,
    }))
    const { memory, ...decision } = decide({
      hpa: stored(hpa),
      scale,
      pods: of<Pod>('Pod').map(stored),
      selecting: [hpa, ...of<KubeObject>('Other')].map(({ metadata }) => `default/${metadata.name ?? ''}`),
      readings: of<ReadingObject>('Reading').map(readingOf),
      memory: recommendations.length > 0 ? { recommendations, grown: [], shrunk: [] } : undefined,
      settings: defaultSettings,
      now: goldenNow,
    })
    return { ...decision, recommended: memory.recommendations.map(({ replicas }) => replicas) }
  })
})

function readingOf({ samples, values = [], error }: ReadingObject): Reading {
  if (error !== undefined) return { error }
  if (!samples) return { values: values.map(quantityMillis) }
  const entries = Object.entries(samples).map(([name, value]) => {
    return [name, { value: quantityMillis(value), at: goldenNow, windowMs: 30_000 }] as const
  })
  return { samples: new Map(entries) }
}
