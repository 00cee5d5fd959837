import { onScopeDispose, ref, type Ref } from 'vue'

/** The time, ms since the epoch, once a second while the caller lives: for ages that grow while one looks. */
export function useNow(): Readonly<Ref<number>> {
  const now = ref(Date.now())
  const clock = setInterval(() => (now.value = Date.now()), 1_000)
  onScopeDispose(() => clearInterval(clock))
  return now
}
