import { expect, test } from 'vitest'
import { inOwnPod } from './own-pod.ts'

async function deletedAfter(end: (leave: () => void) => Promise<void>): Promise<string[]> {
  const asked: string[] = []
  const context = {
    request({ method, path }: { method: string; path: string }) {
      asked.push(`${method} ${path}`)
      return Promise.resolve({ status: 200, body: '', warnings: [] })
    },
  }
  const reader = new AbortController()
  const where = { namespace: 'default', pod: 'node-debugger-a', signal: reader.signal }
  await inOwnPod(context, where, () => end(() => reader.abort())).catch(() => undefined)
  return asked
}

test('the pod of a terminal whose window is closed is deleted, also when its connection breaks', async () => {
  const removed = ['DELETE /api/v1/namespaces/default/pods/node-debugger-a?gracePeriodSeconds=0']
  expect(await deletedAfter(async (leave) => leave())).toEqual(removed)
  expect(
    await deletedAfter(async (leave) => {
      leave()
      throw new Error('aborted')
    }),
  ).toEqual(removed)
})

test('while its window is open, the window decides', async () => {
  expect(await deletedAfter(async () => undefined)).toEqual([])
})
