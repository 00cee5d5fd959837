import { collectDefaultMetrics, Registry } from 'prom-client'
import { quietProcessMetrics } from '#shared/base/process-metrics.ts'
import { createFamilies, family, Histogram } from '#shared/base/prometheus-text.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { ObservedContainer } from '../runtime/runtime.ts'
import type { Storage } from './storage.ts'

/** The agent's record of what it does, for `/metrics` and `/metrics/probes`. */
export interface KubeletMetrics {
  /** A pod is seen; the first time that it runs is noted. */
  pod(pod: Stored<Pod>): void
  podGone(uid: string): void
  probe(result: ProbeResult): void
  /** Text of `/metrics`. */
  text(state: KubeletState): Promise<string>
  /** Text of `/metrics/probes`. */
  probesText(): string
}

export interface ProbeResult {
  pod: Stored<Pod>
  container: string
  kind: 'startup' | 'liveness' | 'readiness'
  ok: boolean
}

interface ProbeCount {
  labels: Record<string, string>
  count: number
}

export interface KubeletState {
  pods: readonly { pod: Stored<Pod>; containers: readonly ObservedContainer[] }[]
  volumes: Storage['volumes']
  /** Further families, in the text format. */
  others: string
}

/** The kubelet's own (metrics.go: podStartupDurationBuckets), seconds. */
const startBuckets = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800]

export function createKubeletMetrics({
  node,
  version,
  now,
}: {
  node: string
  /** `v1.36.0` */
  version: string
  now(): number
}): KubeletMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, ...quietProcessMetrics.options })
  for (const name of quietProcessMetrics.unmeasured) registry.removeSingleMetric(name)
  const starts = new Histogram(startBuckets)
  /** When pods that do not run yet were seen first. */
  const seen = new Map<string, number>()
  const started = new Set<string>()
  const probes = new Map<string, Map<string, ProbeCount>>()

  return {
    pod({ metadata: { uid }, status }) {
      if (started.has(uid)) return
      const isRunning = status?.phase === 'Running' || status?.phase === 'Succeeded' || status?.phase === 'Failed'
      if (!isRunning) {
        if (!seen.has(uid)) seen.set(uid, now())
        return
      }
      started.add(uid)
      const since = seen.get(uid)
      if (since !== undefined) starts.observe((now() - since) / 1_000)
      seen.delete(uid)
    },
    podGone(uid) {
      seen.delete(uid)
      started.delete(uid)
      probes.delete(uid)
    },
    probe({ pod, container, kind, ok }) {
      const { name, namespace, uid } = pod.metadata
      let ofPod = probes.get(uid)
      if (!ofPod) probes.set(uid, (ofPod = new Map<string, ProbeCount>()))
      const key = `${container}/${kind}/${ok}`
      const known = ofPod.get(key)
      if (known) known.count++
      else
        ofPod.set(key, {
          labels: {
            container,
            namespace,
            pod: name,
            pod_uid: uid,
            probe_type: probeTypes[kind],
            result: ok ? 'successful' : 'failed',
          },
          count: 1,
        })
    },
    async text({ pods, volumes, others }) {
      const families = createFamilies()
      addState(families, { pods, volumes })
      families.add('kubelet_node_name', "[ALPHA] The node's name; the value is 1.", 'gauge', {
        labels: { node },
        value: 1,
      })
      const [major = '', minor = ''] = version.replace(/^v/, '').split('.')
      families.add('kubernetes_build_info', '[ALPHA] The version; the value is 1.', 'gauge', {
        labels: {
          build_date: '',
          compiler: '',
          git_commit: '',
          git_tree_state: '',
          git_version: version,
          go_version: '',
          major,
          minor,
          platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
        },
        value: 1,
      })
      const duration = 'kubelet_pod_start_duration_seconds'
      const help = '[ALPHA] Time from a pod being seen first until it runs.'
      const histogram = family(duration, help, 'histogram', starts.text(duration, ''))
      // The library's spelling before its first sample is not the format's.
      const ofProcess = (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN')
      return families.text() + histogram + others + ofProcess
    },
    probesText() {
      const families = createFamilies()
      for (const ofPod of probes.values())
        for (const { labels, count } of ofPod.values())
          families.add('prober_probe_total', '[BETA] Probes of a container, by type and result.', 'counter', {
            labels,
            value: count,
          })
      return families.text()
    },
  }
}

const probeTypes: Record<ProbeResult['kind'], string> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
}

function addState(
  families: ReturnType<typeof createFamilies>,
  { pods, volumes }: Pick<KubeletState, 'pods' | 'volumes'>,
): void {
  const all = pods.flatMap(({ containers }) => containers)
  const running = all.filter(({ sandbox, state }) => sandbox && state === 'running').length
  families.add('kubelet_running_pods', '[BETA] Pods with a running sandbox.', 'gauge', { value: running })
  for (const state of ['created', 'exited', 'running'])
    families.add('kubelet_running_containers', '[BETA] Containers by their state.', 'gauge', {
      labels: { container_state: state },
      value: all.filter((container) => !container.sandbox && container.state === state).length,
    })
  // A claim of several pods is one series.
  const claims = new Set<string>()
  for (const { pod } of pods) {
    const { namespace, uid } = pod.metadata
    for (const { claim, filesystem, size } of volumes.get(uid) ?? []) {
      const key = `${namespace}/${claim}`
      if (!claim || claims.has(key)) continue
      claims.add(key)
      const gauge = (name: string, help: string, value: number): void =>
        families.add(`kubelet_volume_stats_${name}`, `[ALPHA] ${help}`, 'gauge', {
          labels: { namespace, persistentvolumeclaim: claim },
          value,
        })
      gauge('capacity_bytes', 'Size of the filesystem of the volume.', filesystem.capacity)
      gauge('available_bytes', 'Free bytes of the filesystem of the volume.', filesystem.free)
      gauge('used_bytes', 'Bytes that the files of the volume take.', size.bytes)
      gauge('inodes', 'Inodes of the filesystem of the volume.', filesystem.inodes)
      gauge('inodes_free', 'Free inodes of the filesystem of the volume.', filesystem.inodesFree)
      gauge('inodes_used', 'Inodes of the files of the volume.', size.inodes)
    }
  }
}
