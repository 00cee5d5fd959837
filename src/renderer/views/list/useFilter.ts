import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** The address is not rewritten while the user types, ms. */
const pause = 200

/** The filter of the list that is shown. It is in the address, so that links carry it and Back finds it again. */
export function useFilter(): Ref<string> {
  const route = useRoute()
  const router = useRouter()
  const inAddress = (): string => (typeof route.query.filter === 'string' ? route.query.filter : '')
  const filter = ref(inAddress())
  let timer: ReturnType<typeof setTimeout> | undefined
  watch([() => route.path, inAddress], ([path, wanted], [before]) => {
    if (route.name !== 'list' || (path === before && timer !== undefined)) return
    clearTimeout(timer)
    timer = undefined
    filter.value = wanted
  })
  watch(filter, (wanted) => {
    clearTimeout(timer)
    timer = undefined
    if (wanted === inAddress()) return
    const { path } = route
    timer = setTimeout(() => {
      timer = undefined
      if (route.path !== path || wanted === inAddress()) return
      const { filter: _, ...query } = route.query
      void router.replace({ query: wanted === '' ? query : { ...query, filter: wanted } })
    }, pause)
  })
  onScopeDispose(() => clearTimeout(timer))
  return filter
}
