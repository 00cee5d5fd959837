import { humanDuration } from '#shared/kube/human-duration.ts'
import { isQuantity, quantityValue } from '#shared/kube/quantity.ts'
import type { Tone } from '../components/tone.ts'

/** Texts and tones that the columns and details of several kinds share. */

export const age = (time: string | null | undefined, now: number): string =>
  time ? humanDuration(Math.max(0, now - Date.parse(time))) : '–'

/** `a=1,b=2` */
export const pairs = (map: Record<string, string> = {}): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

export const count = (map: object | undefined): number => Object.keys(map ?? {}).length

/** `23.5 GiB` */
export function gibibytes(quantity: string | undefined): string {
  return quantity !== undefined && isQuantity(quantity) ? `${(quantityValue(quantity) / 2 ** 30).toFixed(1)} GiB` : ''
}

/** The images of a pod template. */
export const images = (template?: { spec?: { containers: { image?: string }[] } }): string =>
  (template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(', ')

export const readyTone = (ready: number, wanted: number): Tone => (ready >= wanted ? 'good' : 'warn')

/** Of the phase of a volume or a claim. */
export const phaseTone = ({ status }: { status?: { phase?: string } }): Tone =>
  status?.phase === 'Bound' || status?.phase === 'Available' ? 'good' : status?.phase === 'Failed' ? 'bad' : 'warn'

/** The selector of a workload as the API takes it, set-based rules included. */
export function selectorText(selector?: {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}): string {
  const rules = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  return [pairs(selector?.matchLabels), ...rules].filter(Boolean).join(',')
}
