import type { Pod } from '#shared/kube/generated/types.ts'
import {
  defaultSchedulerName,
  type ProfileConfiguration,
  type SchedulerConfiguration,
} from './configuration/configuration.ts'
import type { EnabledPlugin, Plugin, PluginContext } from './framework.ts'
import { NodeMemory } from './node-memory.ts'
import { NodePicker, type PickerOptions } from './node-picker.ts'
import { PointTimes, type PointObserver } from './point-times.ts'
import type { PreemptionMemory } from './preemption.ts'

/** A scheduler by the name that pods have in `schedulerName`, with plugins of its own. */
export interface Profile {
  readonly name: string
  readonly plugins: readonly EnabledPlugin[]
  readonly picker: NodePicker
  readonly times: PointTimes
  /** Whether a pod that fits nowhere may preempt others. */
  readonly preempts: boolean
  /** Victims that were found on nodes before. */
  readonly victims: PreemptionMemory
  /** Kubernetes' minimum of nodes that preemption tries: a share of all, and a number. */
  readonly candidates: { share: number; least: number }
  /** How long a binding waits for the pod's volumes, ms, before the pod is scheduled again. */
  readonly volumeTimeoutMs: number
  /** Why the pod may not be scheduled yet. */
  holdsBack(pod: Pod): string | undefined
}

export type Profiles = ReadonlyMap<string, Profile>

export interface ProfilesOptions
  extends Omit<PickerOptions, 'plugins' | 'percentageOfNodesToScore' | 'times'>, Omit<PluginContext, 'args'> {
  configuration: SchedulerConfiguration
  onPoint?: PointObserver | undefined
}

/** The profiles of a configuration, by name. */
export const createProfiles = ({ configuration, ...options }: ProfilesOptions): Profiles =>
  new Map(configuration.profiles.map((profile) => [profile.schedulerName, createProfile(profile, options)]))

export const schedulerNameOf = ({ spec }: Pod): string => spec?.schedulerName ?? defaultSchedulerName

function createProfile(
  { schedulerName, plugins: chosen, args, percentageOfNodesToScore }: ProfileConfiguration,
  { client, informers, clock, recorderOf, devices, onPoint, ...picking }: Omit<ProfilesOptions, 'configuration'>,
): Profile {
  const plugins = chosen.flatMap(({ registration, weight, points }) => {
    const plugin = registration.create?.({ client, informers, clock, recorderOf, devices, args })
    return plugin ? { plugin, weight, points } : []
  })
  const times = new PointTimes(schedulerName, onPoint)
  const gates: Plugin[] = plugins.filter(({ points }) => points.has('preEnqueue')).map(({ plugin }) => plugin)
  const { minCandidateNodesPercentage, minCandidateNodesAbsolute } = args.DefaultPreemption
  return {
    name: schedulerName,
    plugins,
    picker: new NodePicker({ ...picking, plugins, percentageOfNodesToScore, times }),
    times,
    preempts: chosen.some(
      ({ registration, points }) => registration.name === 'DefaultPreemption' && points.has('postFilter'),
    ),
    victims: new NodeMemory(),
    candidates: { share: minCandidateNodesPercentage / 100, least: minCandidateNodesAbsolute },
    volumeTimeoutMs: args.VolumeBinding.bindTimeoutSeconds * 1_000,
    holdsBack(pod) {
      for (const gate of gates) {
        const reason = gate.holdsBack?.(pod)
        if (reason !== undefined) return reason
      }
      return undefined
    },
  }
}
