import type { Forward } from '#shared/contract/forwards.ts'
import type { Tone } from '../components/tone.ts'
import { ageText, diskText } from '../texts/format.ts'
import { t } from '../texts/index.ts'

/** How a forward is, in words. */
export interface ForwardState {
  tone: Tone
  text: string
  /** Below its address. */
  note: string
  /** What keeps it from working, and what happens next. */
  trouble?: string
}

const tones: Record<Forward['state'], Tone> = {
  connecting: 'busy',
  active: 'good',
  retrying: 'busy',
  taken: 'bad',
  stopped: 'stopped',
}

export function stateOf(forward: Forward): ForwardState {
  const { state, reason = '' } = forward
  const shared = { tone: tones[state], text: t(`forwards.states.${state}`) }
  if (state === 'retrying')
    return { ...shared, note: t('forwards.held'), trouble: t('forwards.why.retrying', { reason: sentence(reason) }) }
  if (state !== 'taken') return { ...shared, note: t('forwards.only') }
  const port = String(forward.localPort)
  const holder = forward.holder ?? t('forwards.why.someone')
  const trouble = reason ? t('forwards.why.refused', { port, reason }) : t('forwards.why.taken', { port, holder })
  return { ...shared, note: t('forwards.notListening'), trouble }
}

/** What has gone through it: `84 MB in 5 h`. */
export const trafficText = ({ bytes, since }: Forward, now: number): string =>
  bytes === 0 || since === undefined
    ? t('forwards.noTraffic')
    : t('forwards.traffic', { amount: diskText(bytes), age: ageText(now - since) })

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '')
