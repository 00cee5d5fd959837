import { t } from '../../texts/index.ts'
import { clockText } from '../../texts/format.ts'
import type { LogRun, RunEnd } from './log-runs.ts'

/** The line above a run's lines; undefined for a container's only run, which needs none. */
export function headingOf({ container, number, state, startedAt, ended, awaitsNext }: LogRun): string | undefined {
  if (ended && (state === 'previous' || awaitsNext))
    return t('dock.logs.previousRun', { container, end: endOf(ended), time: clock(ended.at) })
  if (number === 1) return undefined
  return t('dock.logs.run', { container, number, time: clock(startedAt) })
}

export const endText = (container: string, end: RunEnd): string =>
  t('dock.logs.ended', { container, end: endOf(end), time: clock(end.at) })

/** `exit 137, OOMKilled` */
export function endOf({ code, signal, reason }: RunEnd): string {
  const how = signal ? t('dock.logs.signal', { signal }) : t('dock.logs.exit', { code })
  return reason === '' || reason === 'Error' || reason === 'Completed' ? how : `${how}, ${reason}`
}

const clock = (time: string): string => (time === '' ? '–' : clockText(Date.parse(time)))
