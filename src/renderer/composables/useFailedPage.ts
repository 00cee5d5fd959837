import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import { useRouter } from 'vue-router'
import { messageOf } from '#shared/base/message-of.ts'
import type { Connection } from '../api/carrier.ts'

export interface FailedPage {
  address: string
  reason: string
}

/** The page that was gone to and could not be loaded; it is tried again once the app answers. */
export function useFailedPage(connection: ShallowRef<Connection>): {
  failed: Readonly<ShallowRef<FailedPage | undefined>>
  retry(): void
} {
  const router = useRouter()
  const failed = shallowRef<FailedPage>()
  const unhear = [
    router.onError((error, { fullPath }) => (failed.value = { address: fullPath, reason: messageOf(error) })),
    router.afterEach(() => (failed.value = undefined)),
  ]
  onScopeDispose(() => unhear.forEach((each) => each()))

  function retry(): void {
    if (failed.value) void router.replace(failed.value.address).catch(() => undefined)
  }
  watch(connection, (now) => now === 'up' && retry())
  return { failed, retry }
}
