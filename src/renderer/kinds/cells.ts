import { isQuantity, quantityValue } from '#shared/kube/quantity.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { Tone } from '../components/tone.ts'
import { ageText } from '../texts/format.ts'
import type { Column } from './descriptor.ts'

/** Texts and tones that the columns and details of several kinds share. */

export const age = (time: string | null | undefined, now: number): string =>
  time ? ageText(now - Date.parse(time)) : '–'

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

interface PodTemplateOf {
  spec?: { containers: { image?: string }[] }
}

/** The images of a pod template. */
export const images = (template?: PodTemplateOf): string =>
  (template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(', ')

/** A column of the images of a pod template. Where there is no room, the registry goes, not the image and its tag. */
export const imagesColumn = <T extends KubeObject>(
  templateOf: (object: T & Stored) => PodTemplateOf | undefined,
): Column<T> => ({
  id: 'images',
  value: (object) => images(templateOf(object)),
  keepFrom(object) {
    const text = images(templateOf(object))
    return text.includes(', ') ? undefined : text.lastIndexOf('/') + 1
  },
  width: 'minmax(150px,2fr)',
})

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

/** The name of what an object belongs to. */
export const ownerName = ({ metadata }: KubeObject): string => metadata.ownerReferences?.[0]?.name ?? ''

/** A column of times, shown as ages. */
export const timeColumn = <T extends KubeObject>(
  id: string,
  time: (object: T & Stored) => string | null | undefined,
): Column<T> => ({
  id,
  value: (object) => -Date.parse(time(object) ?? ''),
  text: (object, now) => age(time(object), now),
  width: '104px',
  numeric: true,
  isTime: true,
})

/** Columns of what objects use, where the cluster measures it. */
export const usageColumns: readonly Column<KubeObject>[] = (['cpu', 'memory'] as const).map((usage, at) => ({
  id: `${usage}Used`,
  usage,
  value: () => '',
  width: '126px',
  numeric: true,
  // Before any that the user has chosen; memory stays longer than CPU.
  drop: at - 2,
}))

interface WithConditions extends KubeObject {
  status?: { conditions?: { type: string; status: string; reason?: string }[] }
}

/** A column for a kind whose one condition tells whether its objects work; else it says why they do not. */
export const conditionColumn = (type: string): Column<WithConditions> => ({
  id: 'status',
  value: (object) => {
    const condition = object.status?.conditions?.find((each) => each.type === type)
    return condition?.status === 'True' ? type : (condition?.reason ?? `Not ${type}`)
  },
  tone: ({ status }) => {
    const condition = status?.conditions?.find((each) => each.type === type)
    return condition?.status === 'True' ? 'good' : condition?.status === 'False' ? 'bad' : 'warn'
  },
  width: '150px',
})
