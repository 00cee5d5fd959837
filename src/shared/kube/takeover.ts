import type { Service } from './generated/types.ts'
import type { KubeObject } from './object.ts'

/** How a Service tells that its traffic goes to this machine, and what it was before. */
export const takenAnnotation = 'slipway.dev/taken'
/** Label of the pod that stands in, with the Service's name; the Service selects it alone. */
export const standInLabel = 'slipway.dev/stand-in'

export interface Takeover {
  /** The Service's own selector. */
  selector: Record<string, string>
  /** Ports of this machine by the Service's. */
  ports: Record<string, number>
  /** RFC 3339. */
  since: string
}

/** What has been taken of a Service; undefined where nothing is, or where the annotation is not Slipway's. */
export function takeoverOf({ metadata }: KubeObject): Takeover | undefined {
  const text = metadata.annotations?.[takenAnnotation]
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isTakeover(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isTakeover(value: unknown): value is Takeover {
  if (!isMap(value)) return false
  const { selector, ports, since } = value
  return (
    isMap(selector) &&
    Object.values(selector).every((each) => typeof each === 'string') &&
    isMap(ports) &&
    Object.values(ports).every((each) => typeof each === 'number') &&
    typeof since === 'string'
  )
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Why a Service's traffic cannot be taken; undefined where it can. */
export function takeRefusal(service: Service): TakeRefusal | undefined {
  const { spec } = service
  if (takeoverOf(service)) return 'taken'
  if (spec?.type === 'ExternalName') return 'external'
  if (spec?.clusterIP === 'None') return 'headless'
  if (Object.keys(spec?.selector ?? {}).length === 0) return 'selector'
  if (!spec?.ports?.length) return 'ports'
  return spec.ports.some(({ protocol = 'TCP' }) => protocol !== 'TCP') ? 'protocol' : undefined
}
export type TakeRefusal = 'taken' | 'external' | 'headless' | 'selector' | 'ports' | 'protocol'

/** The selector of a Service whose traffic is taken. */
export const standInSelector = (service: string): Record<string, string> => ({ [standInLabel]: service })

/**
 * The selector that giving back leaves: the Service's own; where somebody has changed it meanwhile, theirs.
 */
export function selectorAfter(current: Record<string, string> | undefined, taken: Takeover): Record<string, string> {
  const { [standInLabel]: _ours, ...others } = current ?? {}
  const isOurs = Object.keys(others).length === 0
  const isPartOfOld = Object.entries(others).every(([key, value]) => taken.selector[key] === value)
  return isOurs || isPartOfOld ? taken.selector : others
}
