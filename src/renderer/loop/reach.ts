import type { Back } from '../api/carrier.ts'
import { t } from '../texts/index.ts'

/** Whether pods reach a port of this machine. */
export type Reach = Awaited<ReturnType<Back['takeovers']['hostPort']>>

/** The same in words; empty where the system does not tell. */
export function reachText({ state, holder = t('loop.take.someone') }: Reach): string {
  return state === 'unknown' ? '' : t(`loop.take.${state}`, { holder })
}
