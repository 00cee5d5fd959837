import { afterAll, expect } from 'vitest'
import type { Wire } from './api.ts'
import { uniqueName, type Server } from './server.ts'
import { busybox, hasEnded, isReady } from './workloads.ts'

/** The pods of a namespace that all tests of a file share, side by side: one watch tells all of them. */
export interface Pods {
  namespace: string
  /** Path of the namespace. */
  root: string
  /** Path of the pod. */
  at(name: string): string
  /** Creates a pod, with a name of its own unless the metadata names it. @returns its name */
  create(spec: PodSpec, metadata?: object): Promise<string>
  /** Waits until the pod is as wanted. */
  until(name: string, what: string, wanted: (pod: Wire) => boolean, ms?: number): Promise<Wire>
  ready(name: string): Promise<Wire>
  /** Waits until the pod is deleted. */
  gone(name: string, ms?: number): Promise<void>
  /** Every state of the pod that the watch has shown, in order. */
  history(name: string): Wire[]
  logs(name: string, container?: string): Promise<string>
  /** Runs a pod to its end, which must be good. @returns the log of its first container */
  run(spec: PodSpec, metadata?: object): Promise<string>
}
type PodSpec = { containers: readonly object[] } & Record<string, unknown>

/** Makes the namespace; it goes with the file. */
export async function podsOf({ api }: Server): Promise<Pods> {
  const namespace = uniqueName('conformance')
  const root = `/api/v1/namespaces/${namespace}`
  const at = (name: string): string => `${root}/pods/${name}`
  await api.create('/api/v1/namespaces', { metadata: { name: namespace } })
  afterAll(async () => void (await api.ask('DELETE', root)))

  const states = new Map<string, Wire[]>()
  const deleted = new Set<string>()
  const looks = new Set<() => void>()
  const watching = await api.watch(`${root}/pods`, {}, afterAll)
  watching.follow(({ type, object }) => {
    const { name } = object.metadata
    states.set(name, [...(states.get(name) ?? []), object])
    if (type === 'DELETED') deleted.add(name)
    for (const look of looks) look()
  })

  /** Resolves with what `found` finds after one of the events. */
  const when = <T>(name: string, what: string, ms: number, found: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const done = (end: () => void): void => {
        clearTimeout(late)
        looks.delete(look)
        end()
      }
      const look = (): void => {
        const value = found()
        if (value !== undefined) done(() => resolve(value))
      }
      const late = setTimeout(() => {
        const last = JSON.stringify(states.get(name)?.at(-1)?.status)
        done(() => reject(new Error(`pod ${name}, not within ${ms} ms: ${what}; it has ${last}`)))
      }, ms)
      looks.add(look)
      look()
    })

  const pods: Pods = {
    namespace,
    root,
    at,
    async create(spec, metadata = {}) {
      const made = await api.create(`${root}/pods`, {
        metadata: { name: uniqueName('pod'), ...metadata },
        spec: { terminationGracePeriodSeconds: 1, ...spec },
      })
      return made.metadata.name
    },
    until: (name, what, wanted, ms = 90_000) =>
      when(name, what, ms, () => {
        const pod = states.get(name)?.at(-1)
        return pod && !deleted.has(name) && wanted(pod) ? pod : undefined
      }),
    ready: (name) => pods.until(name, 'ready', isReady),
    async gone(name, ms = 90_000) {
      await when(name, 'deleted', ms, () => deleted.has(name) || undefined)
    },
    history: (name) => states.get(name) ?? [],
    async logs(name, container) {
      const { status, text } = await api.ask('GET', `${at(name)}/log`, { query: { container } })
      expect([status, text]).toEqual([200, text])
      return text
    },
    async run(spec, metadata) {
      const name = await pods.create({ restartPolicy: 'Never', ...spec }, metadata)
      const ended = await pods.until(name, 'ended', hasEnded)
      const log = await pods.logs(name, ended.spec.containers[0].name)
      expect([ended.status.phase, log]).toEqual(['Succeeded', log])
      return log
    },
  }
  return pods
}

/** A container of busybox that runs a script; without one it waits to be ended. */
export const shell = (script = waits, more: object = {}): Wire => ({
  name: 'main',
  image: busybox,
  command: ['sh', '-c', script],
  ...more,
})
const waits = 'trap "exit 0" TERM; sleep 3600 & wait'

/** The status of a container of the pod, of whichever kind. */
export const containerOf = ({ status }: Wire, name = 'main'): Wire =>
  [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find((each: Wire) => each.name === name)

/** The status of a condition of the pod. */
export const conditionOf = ({ status }: Wire, type: string): Wire =>
  (status?.conditions ?? []).find((each: Wire) => each.type === type)
