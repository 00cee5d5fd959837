import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import type { Cluster, ClusterSpec, Engine } from '#shared/contract/clusters.ts'
import type { ContextProblem } from '#shared/contract/contexts.ts'
import type { ContextInfo } from '#shared/contract/kube.ts'
import { useApi } from '../api/index.ts'
import { useStream } from '../composables/useStream.ts'
import { useDock } from './dock.ts'

/** Local clusters as the back reports them, and every context that can be opened. */
export const useClusters = defineStore('clusters', () => {
  const api = useApi()
  const dock = useDock()
  const clusters = shallowRef<Cluster[]>([])
  const contexts = shallowRef<ContextInfo[]>([])
  const engine = ref<Engine>()
  const loaded = ref(false)
  const contextsLoaded = ref(false)
  const problems = shallowRef<ContextProblem[]>([])

  async function loadEngine(): Promise<void> {
    engine.value = await api.back.clusters.engine()
  }

  useStream(api.back.clusters.watch, {}, (message) => {
    const before = clusters.value
    clusters.value = message.clusters
    loaded.value = true
    for (const { name, context } of before)
      if (context && !message.clusters.some((other) => other.name === name)) dock.closeContext(context)
  })
  useStream(api.back.contexts.watch, {}, (message) => {
    for (const { id } of contexts.value) if (!message.contexts.some((other) => other.id === id)) api.forget(id)
    contexts.value = message.contexts
    problems.value = message.problems
    contextsLoaded.value = true
  })
  void loadEngine()
  watch(api.connection, (connection) => {
    if (connection === 'up') void loadEngine()
  })

  /** A context's name, told apart from another of the same name. */
  function labelOf(id: string): string {
    const context = contexts.value.find((each) => each.id === id)
    const name = context?.name ?? id.replace(/^\w+:/, '')
    const isAmbiguous = contexts.value.some((each) => each.id !== id && each.name === name)
    return isAmbiguous ? `${name} (${id.replace(/:.*/, '')})` : name
  }

  const call = api.back.clusters
  return {
    labelOf,
    isSimulated: (id: string): boolean => contexts.value.some((each) => each.id === id && each.simulated),
    clusters,
    contexts,
    problems,
    engine,
    loaded,
    contextsLoaded,
    loadEngine,
    create: (spec: ClusterSpec) => call.create(spec),
    requireIpv6: () => call.requireIpv6(),
    cancel: (name: string) => call.cancel({ name }),
    retry: (name: string) => call.retry({ name }),
    start: (name: string) => call.start({ name }),
    stop: (name: string) => call.stop({ name }),
    remove: (name: string) => call.delete({ name }),
    addWorker: (name: string) => call.addWorker({ name }),
    worker: (verb: WorkerVerb, cluster: string, worker: string) => call[verb]({ cluster, worker }),
  }
})

export type WorkerVerb = 'removeWorker' | 'stopWorker' | 'startWorker' | 'pauseWorker' | 'unpauseWorker' | 'killWorker'
