import { shallowRef, watch, type ShallowRef } from 'vue'
import { useApi } from '../../api/index.ts'

/** Which log: of a container's run, or of its run before. */
export interface LastLinesOf {
  context: string
  namespace: string
  pod: string
  container: string
  previous: boolean
  /** Changes when there is another run to read. */
  run: string
}

/** How much is read: enough for the cause, little enough for a page. */
const lines = 12
const bytes = 8_192

/** The last lines that a container wrote; undefined until they are there, and where there is no log. */
export function useLastLines(of: () => LastLinesOf | undefined): ShallowRef<string[] | undefined> {
  const { back } = useApi()
  const found = shallowRef<string[]>()
  watch(
    () => JSON.stringify(of()),
    async (asked) => {
      found.value = undefined
      const wanted = of()
      if (!wanted) return
      const { context, namespace, pod, container, previous } = wanted
      const query = new URLSearchParams({
        container,
        tailLines: String(lines),
        ...(previous ? { previous: 'true' } : {}),
      })
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?${query.toString()}`
      // A log that is gone, or that may not be read, is no fault of the page.
      const answer = await back.kube.request({ context, method: 'GET', path }).catch(() => undefined)
      if (asked !== JSON.stringify(of()) || answer?.status !== 200) return
      const text = answer.body.slice(-bytes)
      found.value = text === '' ? [] : text.replace(/\n$/, '').split('\n')
    },
    { immediate: true },
  )
  return found
}
