import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { Forward, ForwardTarget } from '#shared/contract/forwards.ts'
import { useApi } from '../api/index.ts'
import { useStream } from '../composables/useStream.ts'

/** Every port-forward that the back has open or remembers, of all contexts. */
export const useForwards = defineStore('forwards', () => {
  const call = useApi().back.forwards
  const forwards = shallowRef<readonly Forward[]>([])
  const loaded = shallowRef(false)
  useStream(call.watch, {}, (message) => {
    forwards.value = message.forwards
    loaded.value = true
  })
  const open = computed(() => forwards.value.filter(({ state }) => state !== 'stopped'))
  const remembered = computed(() => forwards.value.filter(({ state }) => state === 'stopped'))

  /** The forward to a target that is open already, or a new one. @throws Error for the user */
  async function reach(target: ForwardTarget): Promise<Forward> {
    const same = forwards.value.find(({ target: other }) => JSON.stringify(other) === JSON.stringify(target))
    if (same && same.state !== 'stopped' && same.state !== 'taken') return same
    return call.start({ target })
  }

  return {
    forwards,
    loaded,
    open,
    remembered,
    reach,
    start: (target: ForwardTarget, localPort: number) => call.start({ target, localPort }),
    stop: (id: string) => call.stop({ id }),
    resume: (id: string, localPort?: number) => call.resume({ id, ...(localPort === undefined ? {} : { localPort }) }),
    forget: (id: string) => call.forget({ id }),
    portState: (port: number) => call.port({ port }),
  }
})
