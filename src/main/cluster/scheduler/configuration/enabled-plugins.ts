import type { ExtensionPoint } from '../framework.ts'
import { registeredPlugins, type PluginRegistration } from '../plugins/index.ts'

/** A set of plugins in a profile's `plugins`; `*` among the disabled ones is every one. */
export interface PluginSet {
  enabled?: readonly { name: string; weight?: number | undefined }[] | undefined
  disabled?: readonly { name: string }[] | undefined
}

/** Every extension point of Kubernetes, and the point here that it is part of. */
export const extensionPoints = {
  preEnqueue: 'preEnqueue',
  queueSort: 'queueSort',
  preFilter: 'filter',
  filter: 'filter',
  postFilter: 'postFilter',
  preScore: 'score',
  score: 'score',
  reserve: 'reserve',
  permit: 'reserve',
  preBind: 'reserve',
  bind: 'bind',
  postBind: 'bind',
} as const satisfies Record<string, ExtensionPoint>

export type KubernetesPoint = keyof typeof extensionPoints
export type PluginSets = Partial<Record<KubernetesPoint | 'multiPoint', PluginSet | undefined>>

/** A plugin of a profile, not created yet. */
export interface ChosenPlugin {
  registration: PluginRegistration
  weight: number
  points: ReadonlySet<ExtensionPoint>
}

/** Points that decide whether a plugin is in use; the others (`preFilter`, `preScore` …) only prepare them. */
const deciding: readonly KubernetesPoint[] = [
  'preEnqueue',
  'queueSort',
  'filter',
  'postFilter',
  'score',
  'reserve',
  'bind',
]

/**
 * The plugins of a profile, in the order of their filters: `multiPoint` changes the default set, and each point what
 * `multiPoint` says.
 */
export function choosePlugins(sets: PluginSets = {}): ChosenPlugin[] {
  const everywhere = merge(
    registeredPlugins.map(({ name, weight }) => ({ name, weight: weight ?? 1 })),
    sets.multiPoint,
  )
  const points = new Map<string, Set<ExtensionPoint>>()
  const weights = new Map<string, number>()
  for (const point of deciding) {
    for (const { name, weight } of atPoint(everywhere, sets[point])) {
      if (!registrationOf(name)?.points.includes(extensionPoints[point])) continue
      points.set(name, (points.get(name) ?? new Set()).add(extensionPoints[point]))
      if (point === 'score') weights.set(name, weight)
    }
  }
  const order = [...atPoint(everywhere, sets.filter), ...everywhere].map(({ name }) => name)
  return [...new Set([...order, ...points.keys()])].flatMap((name) => {
    const registration = registrationOf(name)
    const used = points.get(name)
    return registration && used ? { registration, weight: weights.get(name) ?? 1, points: used } : []
  })
}

export const registrationOf = (name: string): PluginRegistration | undefined =>
  registeredPlugins.find((registration) => registration.name === name)

interface Weighted {
  name: string
  weight: number
}

const isDisabled = ({ disabled = [] }: PluginSet, name: string): boolean =>
  disabled.some((each) => each.name === '*' || each.name === name)

/** `multiPoint`: a default plugin that is enabled again keeps its place; others follow. */
function merge(defaults: readonly Weighted[], set: PluginSet = {}): Weighted[] {
  const enabled = (set.enabled ?? []).map(withWeight)
  const kept = defaults
    .filter(({ name }) => !isDisabled(set, name))
    .map((plugin) => enabled.find(({ name }) => name === plugin.name) ?? plugin)
  return [...kept, ...enabled.filter(({ name }) => !kept.some((plugin) => plugin.name === name))]
}

/** One point: what it enables itself comes first where `multiPoint` has it too, else last. */
function atPoint(everywhere: readonly Weighted[], set: PluginSet = {}): Weighted[] {
  const own = (set.enabled ?? []).map(withWeight)
  const isOwn = (name: string): boolean => own.some((plugin) => plugin.name === name)
  const inBoth = own.filter(({ name }) => everywhere.some((plugin) => plugin.name === name))
  const others = everywhere.filter(({ name }) => !isOwn(name) && !isDisabled(set, name))
  return [...inBoth, ...others, ...own.filter((plugin) => !inBoth.includes(plugin))]
}

/** A weight of 0 is none: Kubernetes takes 1. */
const withWeight = ({ name, weight }: { name: string; weight?: number | undefined }): Weighted => ({
  name,
  weight: weight || 1,
})
