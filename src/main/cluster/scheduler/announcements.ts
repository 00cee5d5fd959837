import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { withType } from '#shared/client/kube-client.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'

/** `Scheduled` events of bound pods. */
export interface Announcements {
  /** Notes that the pod is bound; its event follows. */
  bound(pod: Stored<Pod>, nodeName: string): void
  /** Records the events that are still due. */
  stop(): Promise<void>
}

/** Events are recorded once no pod was bound for this long, ms, or once the oldest one is `longestDelayMs` old. */
const pauseMs = 100
const longestDelayMs = 2_000
/** Events that are recorded in one turn of the event loop, and the pause before the next ones, ms. */
const eventsPerTurn = 200
const betweenTurnsMs = 5

export interface AnnouncementsOptions {
  clock: Clock
  /** Of the pod's profile. */
  recorderOf(pod: Pod): EventRecorder
}

/** Defers `Scheduled` events until scheduling pauses, so that they do not compete with bindings for the API server. */
export function createAnnouncements({ clock, recorderOf }: AnnouncementsOptions): Announcements {
  /** Bound pods whose event is not recorded yet, the oldest first. */
  const due: { pod: Stored<Pod>; nodeName: string; at: number }[] = []
  let lastBinding = 0
  let stopTimer: Stop | undefined

  function recordSoon(afterMs = pauseMs): void {
    stopTimer ??= clock.after(afterMs, () => {
      stopTimer = undefined
      const now = clock.now()
      const [oldest] = due
      if (!oldest) return
      if (now - lastBinding < pauseMs && now - oldest.at < longestDelayMs) recordSoon()
      else record(eventsPerTurn)
    })
  }

  function record(most: number): void {
    for (const { pod, nodeName } of due.splice(0, most)) {
      const message = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${nodeName}`
      recorderOf(pod).event(withType(pods, pod), 'Normal', 'Scheduled', message)
    }
    if (due.length > 0) recordSoon(betweenTurnsMs)
  }

  return {
    bound(pod, nodeName) {
      lastBinding = clock.now()
      due.push({ pod, nodeName, at: lastBinding })
      recordSoon()
    },
    async stop() {
      await stopTimer?.()
      record(due.length)
    },
  }
}
