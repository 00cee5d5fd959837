import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { groupOf } from '../pod-groups/settings.ts'
import type { ObservedContainer, Runtime } from '../runtime/runtime.ts'
import type { Cgroups, CgroupUsage } from './cgroup.ts'
import { createCpuRates } from './cpu-rates.ts'
import { interfacesOf, type InterfaceCounters } from './interfaces.ts'

/** What this node and its running containers use, at one moment. */
export interface Snapshot {
  node: Usage & { interfaces: InterfaceCounters[] }
  /** Pods of which at least one container runs. */
  pods: PodUsage[]
}

export interface Usage extends CgroupUsage {
  /** When it was read, ms since the epoch. */
  at: number
  /** CPU use by now; unknown until the second sample. */
  nanoCores?: number
}

export interface PodUsage {
  pod: Stored<Pod>
  /** Of the pod's group: what ended containers have used, and written to memory, counts too. */
  total: Usage
  sandbox: ContainerUsage | undefined
  /** Running containers of any kind, in the order of the spec. */
  containers: ContainerUsage[]
  /** None for a pod in the host's network. */
  interfaces: InterfaceCounters[]
}

export interface ContainerUsage extends Usage {
  observed: ObservedContainer
}

export interface Snapshots {
  /** A snapshot of at most `maxAge` ms ago. */
  take(maxAge?: number): Promise<Snapshot>
  /** Samples, while nobody asks every ten seconds, until stopped: the use of CPU is known when somebody asks. */
  start(): Stop
}

export interface SnapshotOptions {
  runtime: Pick<Runtime, 'containers'>
  /** All pods of this node. */
  pods(): Stored<Pod>[]
  cgroups: Cgroups
  clock: Clock
  /** For tests. */
  interfaces?(pid: number | 'self'): InterfaceCounters[]
}

/** How old a snapshot may be, ms: scrapes at the same time cost one. */
const defaultAge = 3_000
/**
 * After the last snapshot, ms. The control plane asks in the kubelet's own period (--housekeeping-interval), which is ten seconds, and
 * each snapshot takes a full worker a tenth of a second.
 */
const samplingPeriod = 11_000

/** The group of a container: the worker's engine uses the cgroupfs driver (resources/worker/daemon.json). */
export const cgroupOf = ({ id, cgroupParent = '/docker' }: Pick<ObservedContainer, 'id' | 'cgroupParent'>): string =>
  `${cgroupParent}/${id}`

export function createSnapshots(options: SnapshotOptions): Snapshots {
  const { clock } = options
  const rates = createCpuRates()
  let last: { at: number; snapshot: Promise<Snapshot> } | undefined

  const take: Snapshots['take'] = (maxAge = defaultAge) => {
    const now = clock.now()
    if (last && now >= last.at && now - last.at <= maxAge) return last.snapshot
    last = { at: now, snapshot: read() }
    return last.snapshot
  }

  const read = async (): Promise<Snapshot> => {
    const subjects = new Set<string>(['/'])
    const sample = (subject: string, usage: CgroupUsage): Usage => {
      subjects.add(subject)
      const at = clock.now()
      const nanoCores = rates.add(subject, { at, cpuNanos: usage.cpuNanos })
      return { ...usage, at, ...(nanoCores === undefined ? {} : { nanoCores }) }
    }
    const pods: PodUsage[] = []
    for (const pod of options.pods()) {
      const usage = readPod(options, pod, sample)
      if (!usage) continue
      pods.push(usage)
      // A node's files take some milliseconds in all: other work goes on between pods.
      await nextTurn()
    }
    const whole = options.cgroups.usage('/')
    if (!whole) throw new Error('the control group of this worker cannot be read')
    const node = { ...sample('/', whole), interfaces: (options.interfaces ?? interfacesOf)('self') }
    rates.keep(subjects)
    return { node, pods }
  }

  return {
    take,
    start() {
      let stop: Stop = () => undefined
      const again = (): void => {
        const age = last ? Math.abs(clock.now() - last.at) : Infinity
        // Whoever asks for a snapshot gets the failure.
        if (age >= samplingPeriod) take().catch(() => undefined)
        stop = clock.after(age >= samplingPeriod ? samplingPeriod : samplingPeriod - age, again)
      }
      again()
      return () => stop()
    },
  }
}

type Sample = (subject: string, usage: CgroupUsage) => Usage

/** @returns undefined for a pod without running containers: one that starts or has ended has no entry */
function readPod(
  { runtime, cgroups, interfaces = interfacesOf }: SnapshotOptions,
  pod: Stored<Pod>,
  sample: Sample,
): PodUsage | undefined {
  const { uid } = pod.metadata
  const read = (observed: ObservedContainer): ContainerUsage[] => {
    const usage = cgroups.usage(cgroupOf(observed))
    return usage ? [{ ...sample(observed.id, usage), observed }] : []
  }
  const running = runtime.containers(uid).filter(({ state }) => state === 'running')
  const newest = new Map(running.filter(({ sandbox }) => !sandbox).map((observed) => [observed.name, observed]))
  const containers = namesOf(pod).flatMap((name) => {
    const observed = newest.get(name)
    return observed ? read(observed) : []
  })
  if (containers.length === 0) return undefined
  const sandbox = running.filter((observed) => observed.sandbox).flatMap(read)[0]
  const whole = containers.every(({ observed }) => observed.cgroupParent) ? cgroups.usage(groupOf(pod)) : undefined
  return {
    pod,
    total: sample(uid, whole ?? sumOf(containers)),
    sandbox,
    containers,
    interfaces: sandbox && !pod.spec?.hostNetwork ? interfaces(sandbox.observed.pid) : [],
  }
}

function namesOf({ spec }: Stored<Pod>): string[] {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])]
  return all.map(({ name }) => name)
}

/** Containers that an earlier agent made are not in the group of their pod. */
function sumOf(all: readonly CgroupUsage[]): CgroupUsage {
  const add = (value: (usage: CgroupUsage) => number): number => all.reduce((sum, usage) => sum + value(usage), 0)
  return {
    cpuNanos: add(({ cpuNanos }) => cpuNanos),
    memory: {
      usage: add(({ memory }) => memory.usage),
      workingSet: add(({ memory }) => memory.workingSet),
      rss: add(({ memory }) => memory.rss),
      pageFaults: add(({ memory }) => memory.pageFaults),
      majorPageFaults: add(({ memory }) => memory.majorPageFaults),
    },
    swap: add(({ swap }) => swap),
    tasks: add(({ tasks }) => tasks),
  }
}
