/** The steps of an attempt that are timed, by Kubernetes' names. */
export type TimedPoint = 'PreFilter' | 'Filter' | 'PostFilter' | 'Score' | 'Reserve' | 'PreBind' | 'Bind'

/** How a step ended, by Kubernetes' names. */
export type PointStatus = 'Success' | 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Error'

export interface PointTime {
  point: TimedPoint
  status: PointStatus
  /** Name of the profile that the pod is scheduled by. */
  profile: string
  ms: number
}

/** Called after each step of an attempt; for metrics. */
export type PointObserver = (time: PointTime) => void

/** Times the steps of one profile. */
export class PointTimes {
  readonly #profile: string
  readonly #observe: PointObserver | undefined

  constructor(profile: string, observe?: PointObserver) {
    this.#profile = profile
    this.#observe = observe
  }

  /** @param begun by `performance.now()` @returns when the step ended, likewise */
  ended(point: TimedPoint, begun: number, status: PointStatus = 'Success'): number {
    const end = performance.now()
    this.#observe?.({ point, status, profile: this.#profile, ms: end - begun })
    return end
  }
}
