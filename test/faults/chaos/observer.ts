import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createInformer } from '#shared/client/informer.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jobs, pods } from '#shared/kube/resources.ts'
import type { Machines } from './faults.ts'
import { identityMark, namespace } from './workload.ts'

const scheduledTime = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
const jobName = 'batch.kubernetes.io/job-name'

/** Watches, all the time, what must never happen. */
export interface Observer {
  /** What has happened that must not; without repetition. */
  violations(): string[]
  /** Scheduled times for which the CronJob has made a Job. */
  scheduledTimes(): number
  /** Pods of a Job that were ever seen, and how many of them were last seen with the phase. */
  podsOf(job: string): { created: number; succeeded: number; failed: number }
  stop: Stop
}

export function observe(client: Client, machines: Machines, workers: readonly string[]): Observer {
  const violations = new Set<string>()
  const watched = { client, namespace, clock: systemClock, log: silentLog }

  /** Of each name of a pod, the uid that it had last. */
  const current = new Map<string, string>()
  /** By uid: when another pod was first seen under the name of this one. A process of a pod that is not seen yet is no wrong. */
  const replacedAt = new Map<string, number>()
  /** By Job: the phases of its pods by uid. */
  const phases = new Map<string, Map<string, string>>()
  const podInformer = createInformer({ ...watched, resource: pods })
  const seePhase = ({ metadata, status }: Stored<Pod>): void => {
    const job = metadata.labels?.[jobName]
    if (job === undefined) return
    const ofJob = phases.get(job) ?? new Map<string, string>()
    phases.set(job, ofJob.set(metadata.uid, status?.phase ?? 'Pending'))
  }
  const seePod = (pod: Stored<Pod>): void => {
    const { name, uid } = pod.metadata
    const before = current.get(name)
    if (before !== undefined && before !== uid) replacedAt.set(before, Date.now())
    current.set(name, uid)
    seePhase(pod)
  }
  podInformer.onChange({ added: seePod, updated: (_, pod) => seePod(pod), deleted: seePhase })

  const jobAt = new Map<string, string>()
  const jobInformer = createInformer({ ...watched, resource: jobs })
  jobInformer.onChange({
    added({ metadata }) {
      const time = metadata.annotations?.[scheduledTime]
      if (time === undefined) return
      const other = jobAt.get(time) ?? metadata.uid
      if (other !== metadata.uid) violations.add(`two Jobs for ${time}`)
      jobAt.set(time, other)
    },
  })
  podInformer.start()
  jobInformer.start()

  /** By name, then uid: where each ran when the workers were looked at last. */
  let previous: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map()
  /** Looks into the workers: the API would not show a container that runs on without its pod. */
  async function lookAtProcesses(): Promise<void> {
    const began = Date.now()
    const all = await Promise.all(workers.map(async (worker) => ({ worker, lines: await machines.processes(worker) })))
    const running = new Map<string, Map<string, string>>()
    for (const { worker, lines } of all)
      for (const line of lines) {
        const [, name, uid] = new RegExp(`${identityMark} (\\S+) (\\S+)$`).exec(line.trim()) ?? []
        if (name !== undefined && uid !== undefined)
          running.set(name, (running.get(name) ?? new Map<string, string>()).set(uid, worker))
      }
    for (const [name, places] of running) {
      // Workers are not looked at in the same instant: those that are in two looks ran at the same time in between.
      const lasting = [...places.keys()].filter((uid) => previous.get(name)?.has(uid))
      if (lasting.length > 1) violations.add(`${name} runs ${lasting.length} times: ${JSON.stringify([...places])}`)
      for (const [uid, worker] of places)
        if ((replacedAt.get(uid) ?? Infinity) < began)
          violations.add(`${name} (${uid}) runs on ${worker} though ${current.get(name) ?? ''} has its name`)
    }
    previous = running
  }
  let stopped = false
  const looking = (async () => {
    while (!stopped) {
      await lookAtProcesses()
      await sleep(500)
    }
  })()

  return {
    violations: () => [...violations],
    scheduledTimes: () => jobAt.size,
    podsOf(job) {
      const all = [...(phases.get(job)?.values() ?? [])]
      const count = (phase: string): number => all.filter((each) => each === phase).length
      return { created: all.length, succeeded: count('Succeeded'), failed: count('Failed') }
    },
    async stop() {
      stopped = true
      podInformer.stop()
      jobInformer.stop()
      await looking
    },
  }
}
