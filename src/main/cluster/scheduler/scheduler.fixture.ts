import type { Node, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { ClusterState } from './cluster-state.ts'
import { defaultArgs, type PluginArgs } from './configuration/plugin-args.ts'
import type { EnabledPlugin, ExtensionPoint, Plugin, PluginContext } from './framework.ts'
import { registeredPlugins } from './plugins/index.ts'
import { podInfoOf } from './pod-info.ts'

/** Objects in few words, and what a plugin makes of them; for the tests of the scheduler. */

export interface NodeOptions {
  labels?: Record<string, string>
  allocatable?: Record<string, string>
  taints?: { key: string; value?: string; effect: string }[]
  unschedulable?: boolean
  images?: { names: string[]; sizeBytes: number }[]
}

export function node(name: string, options: NodeOptions = {}): Stored<Node> {
  const { labels, allocatable, taints, unschedulable, images } = options
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, resourceVersion: '', labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '100Gi', ...allocatable },
      ...(images ? { images } : {}),
    },
  }
}

export interface PodOptions extends Partial<PodSpec> {
  namespace?: string
  labels?: Record<string, string>
  requests?: Record<string, string>
  owner?: { kind: string; name: string }
}

export function pod(name: string, options: PodOptions = {}): Stored<Pod> {
  const { namespace = 'default', labels, requests, owner, ...spec } = options
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: '',
      ...(labels ? { labels } : {}),
      ...(owner
        ? { ownerReferences: [{ apiVersion: 'apps/v1', uid: `uid-${owner.name}`, controller: true, ...owner }] }
        : {}),
    },
    spec: { containers: [{ name: 'c', image: 'app', ...(requests ? { resources: { requests } } : {}) }], ...spec },
  }
}

/** A cluster of nodes with the pods that are on them. */
export function clusterOf(
  nodes: readonly Stored<Node>[],
  placed: Readonly<Record<string, readonly Stored<Pod>[]>> = {},
  namespaceLabels?: Readonly<Record<string, Record<string, string>>>,
): ClusterState {
  const cluster = new ClusterState((namespace) => namespaceLabels?.[namespace])
  for (const each of nodes) cluster.setNode(each)
  for (const [name, there] of Object.entries(placed)) for (const each of there) cluster.setPod(podInfoOf(each), name)
  return cluster
}

/** What the plugin says of each node: its reasons against it, or its score (`ok` when it has none). */
export function verdicts(plugin: Plugin, wanted: Stored<Pod>, cluster: ClusterState): Record<string, string | number> {
  const plan = plugin.plan?.(podInfoOf(wanted), cluster)
  if (plan?.impossible !== undefined) return { '*': plan.impossible }
  const result: Record<string, string | number> = {}
  const passing = cluster.nodes.filter((each) => {
    const refusal = plan?.filter?.(each)
    if (refusal) result[each.name] = refusal.reasons.join(', ')
    return !refusal
  })
  plan?.score?.prepare?.(passing)
  const scores = Float64Array.from(passing, (each) => plan?.score?.score(each) ?? 0)
  plan?.score?.normalize?.(scores, passing.length)
  for (const [index, each] of passing.entries()) result[each.name] = plan?.score ? (scores[index] ?? 0) : 'ok'
  return result
}

interface FixedInformer {
  get(key: string): unknown
  list(): unknown[]
  byIndex(name: string, value: string): unknown[]
  addIndex(name: string, valuesOf: (object: never) => unknown): void
}

/** An informer of objects that never change. */
export function informerOf(objects: readonly KubeObject[] = []): FixedInformer {
  const key = ({ metadata }: KubeObject): string =>
    metadata.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata.name ?? '')
  const indexes = new Map<string, (object: never) => unknown>()
  return {
    get: (wanted) => objects.find((object) => key(object) === wanted),
    list: () => [...objects],
    byIndex: (name, value) => objects.filter((object) => indexes.get(name)?.(object as never) === value),
    addIndex: (name, valuesOf) => void indexes.set(name, valuesOf),
  }
}

/** Informers of a plugin's context, empty but for those given. */
export const contextOf = (objects: Record<string, readonly KubeObject[]> = {}, args: Partial<PluginArgs> = {}): never =>
  ({
    client: undefined,
    args: { ...defaultArgs, ...args },
    informers: Object.fromEntries(
      [
        'namespaces',
        'services',
        'replicaSets',
        'statefulSets',
        'replicationControllers',
        'claims',
        'volumes',
        'storageClasses',
        'csiNodes',
        'csiDrivers',
        'storageCapacities',
        'volumeAttachments',
        'deviceClasses',
      ].map((name) => [name, informerOf(objects[name])]),
    ),
  }) as never

const everyPoint: ReadonlySet<ExtensionPoint> = new Set(['preEnqueue', 'filter', 'score', 'reserve'])

/** A plugin that is in use at every point. */
export const enabled = (plugin: Plugin, weight = 1): EnabledPlugin => ({ plugin, weight, points: everyPoint })

/** The plugins of the default profile. */
export const defaultPlugins = (context: PluginContext = contextOf()): EnabledPlugin[] =>
  registeredPlugins.flatMap(({ weight = 1, points, create }) =>
    create ? { plugin: create(context), weight, points: new Set(points) } : [],
  )
