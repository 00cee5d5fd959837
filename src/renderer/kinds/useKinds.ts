import { defineStore } from 'pinia'
import { computed, shallowReactive, toValue, watch, type ComputedRef, type MaybeRefOrGetter } from 'vue'
import type { Client } from '#shared/client/client.ts'
import { apiServices, customResourceDefinitions, type Resource } from '#shared/kube/resources.ts'
import { useApi } from '../api/index.ts'
import { catalogueOf, type GroupDiscovery, type ResourceDiscovery } from './catalogue.ts'
import type { KindDescriptor } from './descriptor.ts'
import { kindKey, kinds as known } from './index.ts'
import { useClusters } from '../stores/clusters.ts'

/** The kinds of one cluster. */
export interface Catalogue {
  kinds: readonly KindDescriptor[]
  /** Whether the cluster has told its kinds; until then they are those that have a room here. */
  loaded: boolean
}

/** Time between two looks at the discovery of a cluster whose definitions may not be watched, ms. */
const interval = 30_000
/** A definition is served a moment after it is stored, ms. */
const delays = [100, 1_000, 4_000]

/** The kinds that each cluster serves, from its own discovery: kinds that come or go do so while one looks. */
export const useKinds = defineStore('kinds', () => {
  const api = useApi()
  const clusters = useClusters()
  const stops = new Map<string, () => void>()
  const catalogues = shallowReactive(new Map<string, Catalogue>())

  async function load(context: string): Promise<void> {
    const served = await discover(api.cluster(context).client)
    const before = catalogues.get(context)
    if (served.length === 0 || !before) return
    const kinds = catalogueOf(served, before.kinds)
    const isSame =
      before.loaded && kinds.length === before.kinds.length && kinds.every((kind, at) => kind === before.kinds[at])
    if (!isSame) catalogues.set(context, { kinds, loaded: true })
  }
  /** Errors: the kinds stay as they are known, and the next look may do better. */
  const look = (context: string): void => void load(context).catch(() => undefined)

  function start(context: string): void {
    catalogues.set(context, { kinds: known, loaded: false })
    look(context)
    const timer = setInterval(() => !document.hidden && look(context), interval)
    const changed = (): void => {
      for (const delay of delays) setTimeout(() => look(context), delay)
    }
    const definitions: readonly Resource[] = [customResourceDefinitions, apiServices]
    const shares = definitions.map((resource) => {
      const share = api.cluster(context).informers.share(resource)
      void share.synced.then(() => share.onChange({ added: changed, updated: changed, deleted: changed }))
      return share
    })
    stops.set(context, () => {
      clearInterval(timer)
      for (const share of shares) share.stop()
    })
  }
  /** A context that is gone is asked no more. */
  watch(
    () => clusters.contexts,
    (contexts) => {
      for (const [context, stop] of stops) {
        if (contexts.some(({ id }) => id === context)) continue
        stop()
        stops.delete(context)
        catalogues.delete(context)
      }
    },
  )

  function catalogueFor(context: string): Catalogue {
    if (!catalogues.has(context)) start(context)
    return catalogues.get(context) ?? { kinds: known, loaded: false }
  }
  /** As far as they are known: no cluster is asked for them. */
  const knownOf = (context: string): readonly KindDescriptor[] => catalogues.get(context)?.kinds ?? known
  return { catalogueFor, knownOf }
})

export interface ContextKinds {
  kinds: ComputedRef<readonly KindDescriptor[]>
  loaded: ComputedRef<boolean>
  /** By its name in addresses: `pods`, `widgets.example.com`. */
  kindOf(key: string): KindDescriptor | undefined
  /** The kind that an owner or an event names. */
  kindNamed(kind: string, apiVersion?: string): KindDescriptor | undefined
}

/** The kinds of a context, as a component uses them. */
export function useContextKinds(context: MaybeRefOrGetter<string>): ContextKinds {
  const store = useKinds()
  const catalogue = computed(() => store.catalogueFor(toValue(context)))
  const byKey = computed(() => new Map(catalogue.value.kinds.map((kind) => [kindKey(kind.resource), kind])))
  return {
    kinds: computed(() => catalogue.value.kinds),
    loaded: computed(() => catalogue.value.loaded),
    kindOf: (key) => byKey.value.get(key),
    kindNamed(kind, apiVersion) {
      const same = catalogue.value.kinds.filter(({ resource }) => resource.kind === kind)
      const group = apiVersion?.includes('/') ? apiVersion.replace(/\/.*/, '') : ''
      const exact = apiVersion === undefined ? undefined : same.find(({ resource }) => resource.group === group)
      return exact ?? same[0]
    },
  }
}

const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

/** What a cluster serves; by one request for each group version where it is older than aggregated discovery. */
async function discover(client: Client): Promise<GroupDiscovery[]> {
  const ask = (path: string, accept?: string): Promise<unknown> =>
    client.transport.request({ method: 'GET', path, ...(accept ? { accept } : {}) })
  const [core, apis] = await Promise.all([ask('/api', aggregated), ask('/apis', aggregated)])
  const groupsOf = (answer: unknown): GroupDiscovery[] =>
    (answer as { items?: GroupDiscovery[] } | undefined)?.items ?? []
  const served = [...groupsOf(core), ...groupsOf(apis)]
  const { groups = [] } = (apis ?? {}) as { groups?: OldGroup[] }
  if (served.length > 0 || groups.length === 0) return served
  const versions = [
    { group: '', version: 'v1', path: '/api/v1' },
    ...groups.map(({ name, preferredVersion: { version } }) => ({
      group: name,
      version,
      path: `/apis/${name}/${version}`,
    })),
  ]
  const lists = await Promise.allSettled(
    versions.map(async ({ group, version, path }): Promise<GroupDiscovery> => {
      const { resources = [] } = (await ask(path)) as { resources?: OldResource[] }
      return { metadata: { name: group }, versions: [{ version, resources: resources.flatMap(fromOld) }] }
    }),
  )
  return lists.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

interface OldGroup {
  name: string
  preferredVersion: { version: string }
}
interface OldResource extends Pick<Resource, 'kind' | 'namespaced'> {
  name: string
  verbs: string[]
  shortNames?: string[]
}

const fromOld = ({ name, kind, namespaced, verbs, shortNames = [] }: OldResource): ResourceDiscovery[] =>
  name.includes('/')
    ? []
    : [{ resource: name, responseKind: { kind }, scope: namespaced ? 'Namespaced' : 'Cluster', verbs, shortNames }]
