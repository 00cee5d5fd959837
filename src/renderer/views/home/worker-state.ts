import type { Worker } from '#shared/contract/clusters.ts'
import type { Tone } from '../../components/tone.ts'
import { t } from '../../texts/index.ts'

/** The state of a worker in words and shape: its node's where it runs, else its container's. */
export function workerState({ state, ready }: Worker): { tone: Tone; text: string } {
  if (state === 'running')
    return ready
      ? { tone: 'good', text: t('home.worker.states.Ready') }
      : { tone: 'warn', text: t('home.worker.states.NotReady') }
  const tones = { creating: 'busy', stopped: 'stopped', paused: 'ending', dead: 'bad', missing: 'unknown' } as const
  return { tone: tones[state], text: t(`home.worker.states.${state}`) }
}
