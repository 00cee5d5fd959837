import type { Cluster } from '#shared/contract/clusters.ts'
import { isLost } from './breakages.ts'
import type { ShellTexts } from './texts/index.ts'

export type TrayState = 'idle' | 'running' | 'trouble'

/** What the tray says of the clusters. */
export interface TrayModel {
  state: TrayState
  text: string
  clusters: { name: string; text: string; action: 'start' | 'stop' | undefined }[]
}

export function trayModel(clusters: readonly Cluster[], { tray: texts }: Pick<ShellTexts, 'tray'>): TrayModel {
  const running = clusters.filter(({ state }) => state === 'running')
  const troubled = clusters.filter(isTroubled)
  const count = texts.running(running.length)
  return {
    state: troubled.length > 0 ? 'trouble' : running.length > 0 ? 'running' : 'idle',
    text: troubled.length > 0 ? `${count}, ${troubledText(troubled, texts)}` : count,
    clusters: clusters.map((cluster) => ({
      name: cluster.name,
      text: textOf(cluster, texts),
      action: actionOf(cluster),
    })),
  }
}

const troubledText = (troubled: readonly Cluster[], texts: ShellTexts['tray']): string =>
  troubled.length === 1 ? texts.hasTrouble(troubled[0]?.name ?? '') : texts.haveTrouble(troubled.length)

/** Failed, or with workers that neither the user nor an operation has taken away. */
function isTroubled({ state, workers, operation }: Cluster): boolean {
  if (state === 'failed') return true
  if (state !== 'running' || operation?.state === 'running') return false
  return workers.some(isLost)
}

function textOf({ name, state, workers }: Cluster, texts: ShellTexts['tray']): string {
  if (state !== 'running') return `${name}: ${texts.states[state]}`
  const ready = workers.filter((worker) => worker.ready).length
  return `${name}: ${workers.length === 0 ? texts.noWorkers : texts.ready(ready, workers.length)}`
}

function actionOf({ state, operation }: Cluster): 'start' | 'stop' | undefined {
  if (operation?.state === 'running') return undefined
  return state === 'running' ? 'stop' : state === 'stopped' ? 'start' : undefined
}
