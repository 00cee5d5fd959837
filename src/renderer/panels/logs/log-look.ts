import { language } from '../../texts/index.ts'
import type { LogLine } from './log-buffer.ts'
import type { LogLevel } from './log-level.ts'
import type { LogOrigin } from './useLogStreams.ts'

/** How lines are shown. */
export interface LogLook {
  /** What stands before a line of each source; undefined where all lines are of one. */
  labels: readonly (OriginLabel | undefined)[]
  /** Names of the columns of JSON lines; undefined where they are shown as they are. */
  columns?: readonly string[] | undefined
  patterns: readonly RegExp[]
  wrap: boolean
  times: boolean
  levels: boolean
  timeText(time: string): string
}

/** The lines as a panel works with them. */
export interface ShownLines {
  /** Takes up what is new in the buffer. */
  draw(): void
  /** Brings a line into sight, by its number. */
  goTo(number: number): void
  /** Those that pass the filter. */
  rows: readonly LogLine[]
  /** Numbers of those that match. */
  matches: readonly number[]
  counts: { lines: number; dropped: number; rows: number; levels: ReadonlyMap<LogLevel, number> }
}

export interface OriginLabel {
  text: string
  full: string
  /** Class of its colour. */
  colour: string
}

const colours = ['blue', 'green', 'violet', 'olive', 'orange', 'pink', 'grey', 'red'] as const

/** Class of the colour of the n-th pod, or of the n-th container of the only one. */
export const colourOf = (index: number): string => `ctx-${colours[index % colours.length] ?? 'grey'}`

/** `web-7c9d6b5f4d-q8w2z` as `web-q8w2z`: the hash of a ReplicaSet tells a reader nothing. */
export const shortPodName = (pod: string): string => pod.replace(/^(.+)-[a-z0-9]{6,10}-([a-z0-9]{5})$/, '$1-$2')

export function labelsOf(origins: readonly LogOrigin[], pods: readonly string[]): (OriginLabel | undefined)[] {
  const shown = [...new Set(origins.map(({ pod }) => pod))]
  const hasSeveral = origins.length > shown.length
  if (origins.length < 2 && pods.length < 2) return []
  return origins.map(({ pod, container }, index) => {
    const isOnly = pods.length < 2
    const text = isOnly ? container : hasSeveral ? `${shortPodName(pod)} ${container}` : shortPodName(pod)
    return { text, full: `${pod} ${container}`, colour: colourOf(isOnly ? index : pods.indexOf(pod)) }
  })
}

/** `14:03:27.118`, in the clock of this machine. */
export function createTimeText(): (time: string) => string {
  const format = new Intl.DateTimeFormat(language(), {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  })
  return (time) => (time === '' ? '' : format.format(Date.parse(time)).replace(',', '.'))
}
