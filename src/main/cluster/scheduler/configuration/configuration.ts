import { choosePlugins, type ChosenPlugin } from './enabled-plugins.ts'
import { defaultArgs, type PluginArgs } from './plugin-args.ts'

/** How the scheduler works: what `read.ts` makes of a KubeSchedulerConfiguration. */
export interface SchedulerConfiguration {
  profiles: readonly ProfileConfiguration[]
  /** First and longest wait of a pod between two attempts, ms. */
  initialBackoffMs: number
  maxBackoffMs: number
}

/** A scheduler that pods ask for by `schedulerName`. */
export interface ProfileConfiguration {
  schedulerName: string
  /** In the order of their filters. */
  plugins: readonly ChosenPlugin[]
  args: PluginArgs
  /** Share of the nodes that must be found feasible, percent; 0 adapts it to the size of the cluster. */
  percentageOfNodesToScore: number
}

export const defaultSchedulerName = 'default-scheduler'

/** Kubernetes' own, without a configuration file. */
export const defaultConfiguration = (): SchedulerConfiguration => ({
  profiles: [
    {
      schedulerName: defaultSchedulerName,
      plugins: choosePlugins(),
      args: defaultArgs,
      percentageOfNodesToScore: 0,
    },
  ],
  initialBackoffMs: 1_000,
  maxBackoffMs: 10_000,
})
