import type { Cluster } from '#shared/contract/clusters.ts'
import type { Tone } from '../../components/tone.ts'
import { t } from '../../texts/index.ts'

const tones: Record<Cluster['state'], Tone> = {
  running: 'good',
  creating: 'busy',
  starting: 'busy',
  stopping: 'busy',
  deleting: 'busy',
  stopped: 'stopped',
  failed: 'bad',
}

/** The state of a cluster in words and shape. */
export const clusterState = ({ state }: Cluster): { tone: Tone; text: string } => ({
  tone: tones[state],
  text: t(`home.cluster.states.${state}`),
})
