import { call } from '@orpc/server'
import { describe, expect, it } from 'vitest'
import type { ContextUsage } from '#main/contexts/usage.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import type { UsageAnswer } from '#shared/contract/metrics.ts'
import { usageQuery } from '#shared/contract/metrics.ts'
import { metricsTopic } from './metrics.ts'

const stepMs = 10_000

/** A context whose points are its step numbers. */
function stepping() {
  let steps = 2
  let unavailable: string | undefined
  const listeners = new Set<() => void>()
  const usage: ContextUsage = {
    read(_, since) {
      if (unavailable !== undefined) return Promise.resolve({ unavailable })
      const first = Math.ceil(since / stepMs)
      const length = Math.max(0, steps - first)
      const cpu = Array.from({ length }, (_value, i) => first + i)
      return Promise.resolve({ start: first * stepMs, stepMs, length, cpu })
    },
    watch(_, listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  return {
    listeners,
    topic: metricsTopic({
      list: () => Promise.resolve({ contexts: [], problems: [] }),
      onChange: () => () => undefined,
      get: (id) => (id === 'local:a' ? ({ usage } as KubeContext) : undefined),
      requireWritable: () => Promise.resolve(),
    }),
    step(reason?: string) {
      steps++
      unavailable = reason
      for (const listener of listeners) listener()
    },
  }
}
const query = { context: 'local:a', subject: { kind: 'Cluster' as const } }

async function* opened(credit = 100) {
  yield { open: query }
  yield { credit }
  await new Promise(() => undefined)
}

describe('the metrics topic', () => {
  it('answers with aligned arrays', async () => {
    const { topic } = stepping()
    expect(await call(topic.usage, { ...query, since: 5_000 })).toEqual({
      start: stepMs,
      stepMs,
      length: 1,
      cpu: [1],
    })
  })

  it('says when there is no such context', async () => {
    const { topic } = stepping()
    await expect(call(topic.usage, { ...query, context: 'gone' })).rejects.toMatchObject({
      code: 'FAILED',
      message: 'there is no context "gone"',
    })
  })

  it('streams what there is, then each new point once', async () => {
    const context = stepping()
    const stream = await call(context.topic.watchUsage, opened())
    const next = async (): Promise<UsageAnswer | undefined> => (await stream.next()).value as UsageAnswer | undefined
    expect(await next()).toMatchObject({ cpu: [0, 1] })
    context.step()
    expect(await next()).toMatchObject({ start: 20_000, cpu: [2] })
    const both = next()
    context.step('no Metrics API')
    expect(await both).toEqual({ unavailable: 'no Metrics API' })
    context.step('no Metrics API')
    context.step()
    expect(await next()).toMatchObject({ cpu: [3, 4, 5] })
    await stream.return?.()
    await expect.poll(() => context.listeners.size).toBe(0)
  })

  it.each([
    [{ kind: 'Pod', name: 'x' }],
    [{ kind: 'Node', name: '' }],
    [{ kind: 'Secret', namespace: 'a', name: 'b' }],
    [{ kind: 'Cluster', more: 1 }],
    [{ kind: 'Pods', labelSelector: 'x'.repeat(5_000) }],
  ])('refuses %j', (subject) => expect(usageQuery.safeParse({ context: 'local:a', subject }).success).toBe(false))
})
