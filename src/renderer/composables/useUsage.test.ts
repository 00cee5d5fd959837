// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { defineComponent, h } from 'vue'
import { mountFace } from '#test/support/mounted-face.ts'
import { useUsage } from './useUsage.ts'

const points = (at: number, memory: (number | null)[]) => ({
  ...{ start: at * 10_000, stepMs: 10_000, length: memory.length },
  ...{ cpu: memory.map(() => null), memory },
})

test.each([
  ['runs', [points(0, [1, 2])], '2'],
  ['has one answer that is late', [points(0, [1, 2]), points(2, [null])], '2'],
  ['has ended', [points(0, [1, 2]), points(2, [null]), points(3, [null, null])], 'nothing'],
  ['ended before', [points(0, [2, null, null, null])], 'nothing'],
])('what a pod uses now that %s', async (_, answers, expected) => {
  const view = defineComponent(() => {
    const usage = useUsage(() => ({ context: 'local:dev', subject: { kind: 'Pod', namespace: 'shop', name: 'web' } }))
    return () => h('p', String(usage.value?.memory ?? 'nothing'))
  })
  const face = await mountFace(view, '/', {
    objects: { 'local:dev': {} },
    back: { 'metrics.watchUsage': () => stream(answers) },
  })
  expect(face.text()).toBe(expected)
  face.unmount()
})

async function* stream<T>(messages: readonly T[]): AsyncGenerator<T> {
  yield* messages
  await new Promise(() => undefined)
}
