import type { Cluster, Worker } from '#shared/contract/clusters.ts'
import type { ShellTexts } from './texts/index.ts'

type Words = Pick<ShellTexts, 'breakages'>

/** Something that broke: what a notification says, and the cluster it leads to. */
export interface Breakage {
  cluster: string
  title: string
  text: string
}

/** What of the clusters has broken between two looks at them. What the user has stopped, paused or is changing is not broken. */
export function breakages(before: readonly Cluster[], after: readonly Cluster[], texts: Words): Breakage[] {
  return after.flatMap((cluster) => {
    const earlier = before.find(({ name }) => name === cluster.name)
    return earlier ? [...failedOperation(earlier, cluster, texts), ...lostWorkers(earlier, cluster, texts)] : []
  })
}

function failedOperation(before: Cluster, { name, operation }: Cluster, { breakages: texts }: Words): Breakage[] {
  const isNew = before.operation?.state !== 'failed' || before.operation.startedAt !== operation?.startedAt
  if (operation?.state !== 'failed' || !isNew) return []
  const title = `${name}: ${texts.failed[operation.kind]}`
  return [{ cluster: name, title, text: operation.error ?? texts.seeSteps }]
}

function lostWorkers(before: Cluster, after: Cluster, { breakages: texts }: Words): Breakage[] {
  if (after.state !== 'running' || after.operation?.state === 'running') return []
  return after.workers
    .filter((worker) => isLost(worker) && before.workers.some((was) => was.name === worker.name && isWell(was)))
    .map(({ name, state }) => ({
      cluster: after.name,
      title: `${after.name}: ${texts.lost(name)}`,
      text: state === 'running' ? texts.silent : texts.ended,
    }))
}

/** Whether a worker has ended or fallen silent. Its node stays Ready for a while after its container has ended. */
export const isLost = ({ ready, state }: Worker): boolean =>
  state === 'dead' || state === 'missing' || (state === 'running' && !ready)

const isWell = (worker: Worker): boolean => worker.ready && !isLost(worker)
