import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { HelmOperation, HelmRelease } from '#shared/contract/helm.ts'
import { useApi } from '../../api/index.ts'
import { openStream } from '../../api/stream.ts'

export interface Releases {
  releases: ShallowRef<readonly HelmRelease[]>
  operations: ShallowRef<readonly HelmOperation[]>
  loaded: Ref<boolean>
  /** Why they cannot be read; '' when they can. */
  unread: Ref<string>
}

/** Time until a stream that has ended is opened again, ms. */
const again = 1_000

/** The releases of a context, kept up to date while the caller lives. @param namespaces none = all */
export function useReleases(context: () => string, namespaces: () => readonly string[]): Releases {
  const api = useApi()
  const found: Releases = { releases: shallowRef([]), operations: shallowRef([]), loaded: ref(false), unread: ref('') }
  let close: () => void = () => undefined

  function open(): void {
    close()
    let timer: ReturnType<typeof setTimeout> | undefined
    const stream = openStream(
      api.back.helm.watch,
      { context: context(), namespaces: [...namespaces()] },
      ({ releases, operations, unread }) => {
        found.releases.value = releases
        found.operations.value = operations
        found.unread.value = unread ?? ''
        found.loaded.value = true
      },
    )
    const restart = (): void => void (timer = setTimeout(open, again))
    let closed = false
    stream.done.then(
      () => !closed && restart(),
      () => !closed && restart(),
    )
    close = () => {
      closed = true
      clearTimeout(timer)
      stream.close()
    }
  }
  watch(
    [context, () => namespaces().join()],
    () => {
      found.loaded.value = false
      open()
    },
    { immediate: true },
  )
  onScopeDispose(() => close())
  return found
}
