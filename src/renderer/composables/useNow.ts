import { onScopeDispose, ref, type Ref } from 'vue'

/** The present, once a second, for ages that grow while one looks. */
export function useNow(): Ref<number> {
  const now = ref(Date.now())
  const clock = setInterval(() => (now.value = Date.now()), 1_000)
  onScopeDispose(() => clearInterval(clock))
  return now
}
