import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Client } from '#shared/client/client.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'
import type { Placement } from './node-picker.ts'
import type { PointTimes, TimedPoint } from './point-times.ts'
import type { Profile } from './profiles.ts'

export interface Binder {
  /** Whether as many binding requests are in flight as may be. */
  readonly isFull: boolean
  /**
   * Prepares the pod's volumes and binds the pod to its node.
   * @param profile which the pod is scheduled by
   * @throws when the pod cannot be bound there
   */
  bind(pod: Stored<Pod>, placement: Placement, profile: BindingProfile): Promise<void>
}

export type BindingProfile = Pick<Profile, 'volumeTimeoutMs' | 'times'>

/** Most binding requests in flight: enough for the store to batch them, few enough to leave the API server to others. */
const parallelBindings = 64

/** Binds pods through the API. The limit counts requests alone: a pod that waits for its volumes delays no other. */
export function createBinder({ client, clock }: { client: Client; clock: Clock }): Binder {
  let inFlight = 0
  return {
    get isFull() {
      return inFlight >= parallelBindings
    },
    async bind(pod, { node, beforeBinding }, { volumeTimeoutMs, times }) {
      const begun = performance.now()
      // A pod without volumes counts as in flight at once.
      if (beforeBinding.length > 0)
        await timed(times, 'PreBind', begun, async () => {
          for (const prepare of beforeBinding) await within(clock, volumeTimeoutMs, prepare(node))
        })
      else times.ended('PreBind', begun)
      inFlight++
      try {
        await timed(times, 'Bind', performance.now(), () => request(pod, node.name))
      } finally {
        inFlight--
      }
    },
  }

  async function request({ metadata: { namespace, name, uid } }: Stored<Pod>, node: string): Promise<void> {
    await client.post(pods, { namespace, name }, 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { namespace, name, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    })
  }
}

async function timed(times: PointTimes, point: TimedPoint, begun: number, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    times.ended(point, begun, 'Error')
    throw error
  }
  times.ended(point, begun)
}

async function within(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  let stop: Stop | undefined
  const timeout = new Promise<never>((_, reject) => {
    stop = clock.after(ms, () => reject(new Error('timed out waiting for the volumes of the pod')))
  })
  try {
    await Promise.race([work, timeout])
  } finally {
    await stop?.()
  }
}
