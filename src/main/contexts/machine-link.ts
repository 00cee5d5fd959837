import type { RunningCluster } from '#main/cluster/index.ts'

/** What joins a context to this machine: images of its engine, and ports that get the traffic of Services. */
export type MachineLink = Pick<NonNullable<RunningCluster['rebuilds']>, 'list' | 'onChange' | 'roll'> &
  NonNullable<RunningCluster['takeovers']> & {
    /** Has every worker hold an image of the engine. @throws Error for the user */
    loadImage(name: string): Promise<void>
  }

/** Of a local cluster; undefined where its workers are simulated. */
export function machineLink({
  rebuilds,
  takeovers,
  images,
}: Pick<RunningCluster, 'rebuilds' | 'takeovers' | 'images'>): MachineLink | undefined {
  if (!rebuilds || !takeovers) return undefined
  return {
    list: () => rebuilds.list(),
    onChange: (listener) => rebuilds.onChange(listener),
    roll: (workload) => rebuilds.roll(workload),
    take: (service, ports) => takeovers.take(service, ports),
    giveBack: (service) => takeovers.giveBack(service),
    async loadImage(name) {
      await images.loadFromEngine(name)
    },
  }
}

/** The same where nothing may be changed while `check` throws. */
export const guardedLink = (link: MachineLink, check: () => Promise<void>): MachineLink => ({
  list: () => link.list(),
  onChange: (listener) => link.onChange(listener),
  async roll(workload) {
    await check()
    return link.roll(workload)
  },
  async take(service, ports) {
    await check()
    await link.take(service, ports)
  },
  async giveBack(service) {
    await check()
    await link.giveBack(service)
  },
  async loadImage(name) {
    await check()
    await link.loadImage(name)
  },
})
