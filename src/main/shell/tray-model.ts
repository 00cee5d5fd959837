import type { Cluster } from '#shared/contract/clusters.ts'
import { isLost } from './breakages.ts'

export type TrayState = 'idle' | 'running' | 'trouble'

/** What the tray says of the clusters. */
export interface TrayModel {
  state: TrayState
  text: string
  clusters: { name: string; text: string; action: 'start' | 'stop' | undefined }[]
}

export function trayModel(clusters: readonly Cluster[]): TrayModel {
  const running = clusters.filter(({ state }) => state === 'running')
  const troubled = clusters.filter(isTroubled)
  const count =
    running.length === 0
      ? 'No cluster runs'
      : running.length === 1
        ? '1 cluster runs'
        : `${running.length} clusters run`
  return {
    state: troubled.length > 0 ? 'trouble' : running.length > 0 ? 'running' : 'idle',
    text: troubled.length > 0 ? `${count}, ${troubledText(troubled)}` : count,
    clusters: clusters.map((cluster) => ({ name: cluster.name, text: textOf(cluster), action: actionOf(cluster) })),
  }
}

const troubledText = (troubled: readonly Cluster[]): string =>
  troubled.length === 1 ? `${troubled[0]?.name ?? ''} has trouble` : `${troubled.length} have trouble`

/** Failed, or with workers that neither the user nor an operation has taken away. */
function isTroubled({ state, workers, operation }: Cluster): boolean {
  if (state === 'failed') return true
  if (state !== 'running' || operation?.state === 'running') return false
  return workers.some(isLost)
}

function textOf({ name, state, workers }: Cluster): string {
  if (state !== 'running') return `${name}: ${state}`
  return `${name}: ${workers.filter(({ ready }) => ready).length} of ${workers.length} workers Ready`
}

function actionOf({ state, operation }: Cluster): 'start' | 'stop' | undefined {
  if (operation?.state === 'running') return undefined
  return state === 'running' ? 'stop' : state === 'stopped' ? 'start' : undefined
}
