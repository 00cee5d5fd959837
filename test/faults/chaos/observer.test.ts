import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { jobs, pods } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { observe, type Observer } from './observer.ts'
import { identityMark, namespace } from './workload.ts'

/** What the observer of chaos rounds calls a violation, on workers whose processes are made up. */

let plane: TestControlPlane
let observer: Observer
let processes: Record<string, string[]>
let looks: number
beforeEach(async () => {
  plane = await startControlPlane()
  processes = {}
  looks = 0
  const unused = () => Promise.reject(new Error('not used'))
  observer = observe(
    plane.client,
    {
      inflict: unused,
      restore: unused,
      run: unused,
      processes(worker) {
        looks++
        return Promise.resolve((processes[worker] ?? []).map((uid) => `sh -c … ${identityMark} db-0 ${uid}`))
      },
    },
    ['a', 'b'],
  )
})
afterEach(async () => {
  await observer.stop()
  await plane.stop()
})

async function replaced(): Promise<[old: string, present: string]> {
  const pod: Pod = { metadata: { name: 'db-0', namespace }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const old = await plane.client.create(pods, pod)
  await twoLooks()
  await plane.client.delete(pods, { namespace, name: 'db-0' })
  const present = await plane.client.create(pods, pod)
  await twoLooks()
  return [old.metadata.uid, present.metadata.uid]
}
async function twoLooks(): Promise<void> {
  const before = looks
  await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(before + 4)
}

test('a pod that runs after another has its name', async () => {
  const [old, present] = await replaced()
  processes = { a: [present] }
  await twoLooks()
  expect(observer.violations()).toEqual([])
  processes = { b: [old] }
  await twoLooks()
  expect(observer.violations()).toEqual([`db-0 (${old}) runs on b though ${present} has its name`])
})

test('two processes of one name at the same time', async () => {
  processes = { a: ['one'] }
  await twoLooks()
  processes = { b: ['two'] }
  await twoLooks()
  expect(observer.violations()).toEqual([])
  processes = { a: ['one'], b: ['two'] }
  await twoLooks()
  expect(observer.violations()).toEqual(['db-0 runs 2 times: [["one","a"],["two","b"]]'])
})

test('two Jobs for one scheduled time', async () => {
  for (const name of ['first', 'second'])
    await plane.client.create(jobs, {
      metadata: {
        name,
        namespace,
        annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:00:00Z' },
      },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    })
  await expect.poll(() => observer.violations()).toEqual(['two Jobs for 2026-01-01T00:00:00Z'])
})
