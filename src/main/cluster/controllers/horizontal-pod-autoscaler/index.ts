import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Resource } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { objectPath, withType } from '#shared/client/kube-client.ts'
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
  Pod,
  Scale,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { horizontalPodAutoscalers, pods } from '#shared/kube/resources.ts'
import { matchesLabels, parseLabelSelector, type LabelRequirement } from '#shared/kube/selectors.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, type Outcome } from '#shared/reconcile/controller.ts'
import type { Memory } from './behavior.ts'
import {
  decide,
  needsMetrics,
  notRescaled,
  rescaled,
  withoutScale,
  type AutoscalerEvent,
  type Decision,
  type Settings,
  type Snapshot,
} from './decide.ts'
import { createMetricsClient, type MetricsClient } from './metrics-client.ts'
import { Selections } from './selections.ts'

export interface HorizontalPodAutoscalersOptions {
  /** All resources that may have a scale, custom ones among them. */
  resources(): readonly Resource[]
  /** Reads the metrics; the metrics APIs of the cluster when unset. */
  metrics?: MetricsClient
  /** Time between two reconciles of an autoscaler, and before its first one, ms; 15 s when unset. */
  syncMs?: number
  settings?: Settings
}

/** The defaults of kube-controller-manager. */
export const defaultSettings: Settings = {
  tolerance: 0.1,
  downscaleStabilizationMs: 300_000,
  cpuInitializationMs: 300_000,
  initialReadinessDelayMs: 30_000,
}

/**
 * Scales targets by their metrics, each autoscaler every 15 seconds as in Kubernetes. `decide.ts` decides; this reads the
 * scale and the metrics, and writes the scale and the status. What stabilisation remembers is lost when the controller
 * ends: the current count is then the first recommendation.
 */
export function startHorizontalPodAutoscalers(
  context: ControllerContext,
  options: HorizontalPodAutoscalersOptions,
): Stop {
  const { client, clock } = context
  const { resources, syncMs = 15_000, settings = defaultSettings } = options
  const log = context.log.child({ controller: 'horizontalpodautoscaler' })
  const recorder = recorderOf(context, 'horizontalpodautoscaler', 'horizontal-pod-autoscaler')
  const hpas = context.informers.share(horizontalPodAutoscalers)
  const podInformer = context.informers.share(pods)
  podInformer.addIndex('namespace', ({ metadata }) => metadata.namespace)
  const targetOf = (reference: CrossVersionObjectReference): Resource => findResource(resources(), reference)
  const metrics =
    options.metrics ??
    createMetricsClient({
      transport: client.transport,
      resourceOf: (reference) => qualified(targetOf(reference)),
    })
  const memories = new Map<string, Memory>()
  const selections = new Selections()

  /** Failures are reported in status and Events, and tried again at the next turn only. */
  async function reconcile(key: string): Promise<Outcome> {
    const hpa = hpas.get(key)
    if (!hpa) return undefined
    try {
      await autoscale(key, hpa)
    } catch (error) {
      log.warn('reconcile failed', { key, error: messageOf(error) })
    }
    return { requeueAfter: syncMs }
  }

  async function autoscale(key: string, hpa: Stored<HorizontalPodAutoscaler>): Promise<void> {
    const target = await readScale(hpa)
    if ('error' in target) {
      record(hpa, { type: 'Warning', reason: 'FailedGetScale', message: target.error })
      return writeStatus(hpa, withoutScale(hpa, target.error, clock.now()))
    }
    const snapshot = await look(key, hpa, target.scale)
    const decision = decide(snapshot)
    for (const event of decision.events) record(hpa, event)
    await act(key, target, snapshot, decision)
  }

  async function readScale(hpa: Stored<HorizontalPodAutoscaler>): Promise<Target | { error: string }> {
    const { scaleTargetRef } = hpa.spec
    try {
      const resource = targetOf(scaleTargetRef)
      const ref = { namespace: hpa.metadata.namespace, name: scaleTargetRef.name }
      const path = objectPath(resource, ref, 'scale')
      return { resource, scale: (await client.transport.request({ method: 'GET', path })) as Scale & Named }
    } catch (error) {
      return { error: messageOf(error) }
    }
  }

  async function look(key: string, hpa: Stored<HorizontalPodAutoscaler>, scale: Scale): Promise<Snapshot> {
    const namespace = hpa.metadata.namespace ?? ''
    const selector = scale.status?.selector ?? ''
    const counts = needsMetrics(hpa, scale)
    const selected = counts ? selectPods(namespace, selector) : undefined
    if (selected) selections.set(key, selected.requirements)
    const selecting = selected ? selections.of(namespace, selected.pods) : []
    const reads = selected !== undefined && selecting.length < 2
    return {
      hpa,
      scale,
      pods: selected?.pods ?? [],
      selecting,
      readings: reads
        ? await Promise.all((hpa.spec.metrics ?? []).map((spec) => metrics.read(spec, namespace, selector)))
        : [],
      memory: memories.get(key),
      settings,
      now: clock.now(),
    }
  }

  /** Undefined of a selector that is empty or cannot be read, which the decision reports. */
  function selectPods(
    namespace: string,
    selector: string,
  ): { requirements: readonly LabelRequirement[]; pods: Stored<Pod>[] } | undefined {
    if (selector === '') return undefined
    try {
      const requirements = parseLabelSelector(selector)
      const inNamespace = podInformer.byIndex('namespace', namespace)
      return { requirements, pods: inNamespace.filter(({ metadata }) => matchesLabels(requirements, metadata.labels)) }
    } catch {
      return undefined
    }
  }

  async function act(key: string, { resource, scale }: Target, snapshot: Snapshot, decision: Decision): Promise<void> {
    const { hpa } = snapshot
    const { rescale } = decision
    memories.set(key, decision.memory)
    if (!rescale) return writeStatus(hpa, decision.status)
    const { replicas, reason } = rescale
    const change = `New size: ${replicas}; reason: ${reason}`
    try {
      const written: Scale & Named = { ...scale, spec: { replicas } }
      await client.update(resource, written, { subresource: 'scale' })
    } catch (error) {
      record(hpa, { type: 'Warning', reason: 'FailedRescale', message: `${change}; error: ${messageOf(error)}` })
      return writeStatus(hpa, notRescaled(snapshot, decision, messageOf(error)))
    }
    record(hpa, { type: 'Normal', reason: 'SuccessfulRescale', message: change })
    const after = rescaled(snapshot, decision, replicas)
    memories.set(key, after.memory)
    await writeStatus(hpa, after.status)
  }

  async function writeStatus(
    hpa: Stored<HorizontalPodAutoscaler>,
    status: HorizontalPodAutoscalerStatus,
  ): Promise<void> {
    if (jsonEqual(status, hpa.status)) return
    try {
      await hpas.caughtUp(await client.updateStatus(horizontalPodAutoscalers, { ...hpa, status }))
    } catch (error) {
      record(hpa, { type: 'Warning', reason: 'FailedUpdateStatus', message: messageOf(error) })
      throw error
    }
  }

  const record = (hpa: Stored<HorizontalPodAutoscaler>, { type, reason, message }: AutoscalerEvent): void =>
    recorder.event(withType(horizontalPodAutoscalers, hpa), type, reason, message)

  const synced = (informer: { synced: Promise<void> }) => ({ synced: informer.synced, connect: () => () => undefined })
  const controller = runController({
    ...context,
    name: 'horizontalpodautoscaler',
    reconcile,
    shares: [hpas, podInformer],
    workers: 5,
    watches: [synced(hpas), synced(podInformer)],
  })
  // The first reconcile is a turn away, as every further one: changes in between do not hasten it.
  hpas.onChange({
    added: (hpa) => controller.enqueue(keyOf(hpa), syncMs),
    deleted(hpa) {
      memories.delete(keyOf(hpa))
      selections.delete(keyOf(hpa))
    },
  })
  return () => controller.stop()
}

interface Target {
  resource: Resource
  scale: Scale & Named
}

const qualified = ({ group, plural }: Resource): string => (group ? `${plural}.${group}` : plural)

/** The resource of a kind in any version of its group, as Kubernetes' mapper finds it. @throws Error */
function findResource(
  resources: readonly Resource[],
  { apiVersion = '', kind }: CrossVersionObjectReference,
): Resource {
  const parts = apiVersion.split('/')
  if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`)
  const group = parts.length === 2 ? (parts[0] ?? '') : ''
  const found = resources.find((resource) => resource.kind === kind && resource.group === group)
  if (!found) throw new Error(`no matches for kind "${kind}" in group "${group}"`)
  return found
}
