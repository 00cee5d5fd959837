import { silentLog, type Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { PodScope } from '#agent/kubelet/pod/scope.ts'
import { Termination } from '#agent/kubelet/pod/termination.ts'
import { Timers } from '#agent/kubelet/pod/timers.ts'
import { createStarts } from '#agent/kubelet/starts.ts'
import { createFakeClock, type FakeClock } from './fake-clock.ts'
import { createFakeEngine, type FakeEngine } from './fake-engine.ts'
import { createFakeMounts } from './fake-mounts.ts'
import { createRecordingClient } from './recording-client.ts'

/** What one part of a pod is tested with: an engine without processes, a client that notes writes, a clock of the test. */
export interface TestScope {
  scope: PodScope
  clock: FakeClock
  engine: FakeEngine
  client: Client
  writes: unknown[]
  /** `Reason: message`, oldest first. */
  events: string[]
  logged: string[]
  /** Addresses given to the pod and taken from it. */
  network: string[]
  wakes(): number
  setPod(pod: Stored<Pod>): void
}

/** @param objects what the API server holds @param root for the pod's files, where the test has any */
export function createPodScope(
  pod: Stored<Pod>,
  { objects = [], root = '/nonexistent' }: { objects?: readonly KubeObject[]; root?: string } = {},
): TestScope {
  const clock = createFakeClock()
  const engine = createFakeEngine(clock)
  const { client, writes } = createRecordingClient(objects, clock)
  const events: string[] = []
  const logged: string[] = []
  const network: string[] = []
  let current = pod
  let wakes = 0
  const wake = (): void => void wakes++
  const log: Log = { ...silentLog, warn: (message) => void logged.push(message) }
  const image = { id: 'sha256:1', digest: 'sha256:1', user: '', env: [], sizeBytes: 7 }
  const scope: PodScope = {
    runtime: engine.runtime,
    images: {
      present: async () => ({ image }),
      copy: async () => undefined,
      forget: () => undefined,
      forgetImage: () => undefined,
      forgetAll: () => undefined,
      ensure: async () => ({ image }),
    },
    network: {
      async attach({ hostPorts }) {
        network.push(`attach ${hostPorts.map(({ hostPort }) => hostPort).join()}`.trim())
        return { ip: '10.244.0.2' }
      },
      detach: async () => void network.push('detach'),
      handOver: async (id) => void network.push(`hand over ${id}`),
    },
    client,
    mounts: createFakeMounts(),
    starts: createStarts(clock),
    recorder: {
      event: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`),
      flush: async () => undefined,
    },
    clock,
    log,
    root,
    node: { name: 'w', ip: '172.18.0.2', cpuMillis: 2_000, memoryBytes: 2 ** 30 },
    dns: {
      clusterDns: '10.96.0.10',
      clusterDomain: 'cluster.local',
      host: { nameservers: [], searches: [], options: [] },
    },
    services: () => [],
    objectUid: () => pod.metadata.uid,
    uid: pod.metadata.uid ?? '',
    pod: () => current,
    mayResize: () => true,
    termination: new Termination(),
    timers: new Timers({ clock, wake }),
    wake,
  }
  return {
    scope,
    clock,
    engine,
    client,
    writes,
    events,
    logged,
    network,
    wakes: () => wakes,
    setPod: (next) => (current = next),
  }
}
