import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { HelmRelease } from '#shared/contract/helm.ts'
import { isForbidden } from '#shared/kube/error-kinds.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import { createReleaseReader, releasesPath } from './releases.ts'

export interface FollowedReleases {
  releases: HelmRelease[]
  /** Why they cannot be read. */
  unread?: string
}

/** A change is read once its Secrets have settled for so long, ms: an upgrade writes two of them. */
const settling = 150
/** Time until the next try where the Secrets cannot be watched, ms. */
const again = 5_000

const watchedMetadata = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json'

/** Tells the releases of some namespaces at the beginning and after each change, until it is stopped. */
export function followReleases({
  context,
  namespaces,
  clock,
  onChange,
}: {
  context: KubeContext
  /** None = all. */
  namespaces: readonly string[]
  clock: Clock
  onChange(now: FollowedReleases): void
}): Stop {
  const stopping = new AbortController()
  const { signal } = stopping
  const reader = createReleaseReader(context)
  let reading: Promise<void> | undefined
  let dirty = false

  async function read(): Promise<void> {
    try {
      const releases = await reader.list(namespaces)
      if (!signal.aborted) onChange({ releases })
    } catch (error) {
      if (!signal.aborted) onChange({ releases: [], unread: messageOf(error) })
      throw error
    }
  }
  /** One read at a time; a change during one makes one more. */
  function changed(): void {
    dirty = true
    reading ??= (async () => {
      while (dirty && !signal.aborted) {
        await sleep(clock, settling, signal)
        dirty = false
        await read().catch(() => undefined)
      }
      reading = undefined
    })().catch(() => undefined)
  }

  async function follow(scope: string | undefined): Promise<void> {
    while (!signal.aborted) {
      try {
        await context.stream({ path: `${releasesPath(scope)}&watch=true`, accept: watchedMetadata, signal }, () => {
          changed()
          return Promise.resolve()
        })
      } catch (error) {
        // Who may list them and not watch them looks now and then.
        if (isForbidden(error)) changed()
      }
      await sleep(clock, again, signal)
    }
  }

  void read().catch(() => undefined)
  for (const scope of namespaces.length === 0 ? [undefined] : namespaces) void follow(scope).catch(() => undefined)
  return () => stopping.abort()
}
