import type { Stop } from '#shared/base/disposable.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { MapFailed } from '../mount-failed.ts'
import { setUpVolumes } from '../volumes.ts'
import { RetryDelay } from './retry-delay.ts'
import { podRef, type PodScope } from './scope.ts'
import type { PodSources, ReadObject } from './sources.ts'

/** How often volumes are refreshed, ms: tokens, and those of drivers. ConfigMaps and Secrets are followed. */
const refreshMs = 30_000

/** The volumes of one pod: set up before its first container, then kept up to date. */
export class PodVolumes {
  readonly #scope: PodScope
  readonly #sources: PodSources
  readonly #retry = new RetryDelay({ initial: 2_000, max: 16_000 })
  #ready = false
  #due = true
  #following: readonly Stop[] = []
  /** Labels and annotations that the volumes were written with. */
  #told: unknown

  constructor(scope: PodScope, sources: PodSources) {
    this.#scope = scope
    this.#sources = sources
  }

  /** Whether all of them have been set up. */
  get ready(): boolean {
    return this.#ready
  }

  /** Sets up or refreshes what is due. A failure becomes a FailedMount event and is tried again. */
  async ensure(podIps: readonly string[]): Promise<void> {
    const { recorder, timers } = this.#scope
    const pod = this.#scope.pod()
    // The kubelet's sync of a changed pod writes its volumes anew: the downward API tells labels and annotations.
    const { labels, annotations } = pod.metadata
    if (this.#ready && !jsonEqual(this.#told, { labels, annotations })) this.#due = true
    if (!this.#due) return
    this.#told = { labels, annotations }
    this.#due = false
    const read: ReadObject[] = []
    try {
      const { live } = await setUpVolumes(
        this.#scope,
        pod,
        this.#sources.open(podIps, (object) => read.push(object)),
      )
      this.#ready = true
      if (live) this.#refreshLater()
    } catch (error) {
      // Volumes that were set up once keep what they have when their source goes away.
      if (this.#ready) this.#refreshLater()
      else {
        this.#due = true
        const { message, delayMs } = this.#retry.failed(error)
        const isDevice = error instanceof MapFailed
        const action = isDevice ? 'MapVolume.SetUpDevice' : 'MountVolume.SetUp'
        recorder.event(pod, 'Warning', isDevice ? 'FailedMapVolume' : 'FailedMount', `${action} failed: ${message}`)
        timers.wakeAfter('volumes', delayMs)
      }
    }
    this.#follow(read)
  }

  /** Nothing of the pod follows its objects any more. */
  stop(): void {
    this.#follow([])
  }

  /** What was read is read again when it changes, and what is missing when it comes. */
  #follow(read: readonly ReadObject[]): void {
    const { pod, wake, watches } = this.#scope
    const { namespace } = podRef(pod())
    const changed = (): void => {
      this.#due = true
      wake()
    }
    const stops = read.flatMap(
      ({ resource, name, revision }) => watches?.follow(resource, { namespace, name }, revision, changed) ?? [],
    )
    for (const stop of this.#following) void stop()
    this.#following = stops
  }

  #refreshLater(): void {
    this.#scope.timers.wakeAfter('volumes', refreshMs, () => (this.#due = true))
  }
}
