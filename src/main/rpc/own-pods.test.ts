import { expect, test } from 'vitest'
import type { OwnPod } from '#main/contexts/app-data.ts'
import { createOwnPods } from './own-pods.ts'

const pod: OwnPod = { context: 'local:dev', namespace: 'default', pod: 'node-debugger-a' }
const removed = 'DELETE /api/v1/namespaces/default/pods/node-debugger-a?gracePeriodSeconds=0'

function start(before: OwnPod[] = [], status = 200) {
  const asked: string[] = []
  let pods = before
  const own = createOwnPods({
    read: () => Promise.resolve(pods),
    write(change) {
      pods = change(pods)
      return Promise.resolve()
    },
  })
  const context = {
    request({ method, path }: { method: string; path: string }) {
      asked.push(`${method} ${path}`)
      return Promise.resolve({ status, body: '', warnings: [] })
    },
  }
  return { own, context, asked, saved: () => pods }
}

test.each([undefined, new Error('the connection broke')])(
  'the pod of a terminal whose window is closed is deleted (%s)',
  async (failure) => {
    const { own, context, asked, saved } = start()
    const reader = new AbortController()
    const running = own.run(context, pod, reader.signal, () => {
      expect(saved()).toEqual([pod])
      reader.abort()
      return failure ? Promise.reject(failure) : Promise.resolve()
    })
    await running.catch(() => undefined)
    expect(asked).toEqual([removed])
    expect(saved()).toEqual([])
  },
)

test('while its window is open, the window decides', async () => {
  const { own, context, asked } = start()
  await own.run(context, pod, new AbortController().signal, () => Promise.resolve())
  expect(asked).toEqual([])
})

test('a pod that a crash has left is deleted when its context is next used, once, and no other context’s', async () => {
  const other = { ...pod, context: 'kubeconfig:prod' }
  const { own, context, asked, saved } = start([pod, other])
  await own.sweep('local:dev', context)
  await own.sweep('local:dev', context)
  expect(asked).toEqual([removed])
  expect(saved()).toEqual([other])
})

test('one that has gone meanwhile is forgotten, one that cannot be deleted is not', async () => {
  const gone = start([pod], 404)
  await gone.own.sweep('local:dev', gone.context)
  expect(gone.saved()).toEqual([])
  const kept = start([pod], 403)
  await kept.own.sweep('local:dev', kept.context)
  expect(kept.saved()).toEqual([pod])
})

test('a terminal that is open is not swept', async () => {
  const { own, context, asked } = start()
  await own.run(context, pod, new AbortController().signal, () => own.sweep('local:dev', context))
  expect(asked).toEqual([])
})
