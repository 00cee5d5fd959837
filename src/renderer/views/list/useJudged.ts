import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { endpointSlices, ingressClasses, pods, services, type Resource } from '#shared/kube/resources.ts'
import type { Tone } from '../../components/tone.ts'
import { useSnapshot, useSnapshotList, type SnapshotList } from '../../composables/useSnapshot.ts'
import { explain } from '../../explain/index.ts'
import type { Column, KindDescriptor } from '../../kinds/descriptor.ts'
import { neighbourhoodOf, type Lists } from '../../overview/snapshot.ts'
import { t } from '../../texts/index.ts'
import { kindId } from '../pages/page.ts'

type Around = Pick<Lists, 'pods' | 'services' | 'endpointSlices' | 'ingressClasses'>

/** Kinds whose objects say nothing of their state, with the lists that it follows from. */
const judged: Readonly<Record<string, readonly (keyof Around)[]>> = {
  Service: ['pods', 'endpointSlices'],
  'networking.k8s.io/Ingress': ['services', 'pods', 'endpointSlices', 'ingressClasses'],
}

interface State {
  tone: Tone
  text: string
}
const unknown: State = { tone: 'unknown', text: '–' }

/** A column of the state of objects that say nothing of it themselves: what their pages explain. None for other kinds. */
export function useJudged(options: {
  context: () => string
  kind: () => KindDescriptor | undefined
  /** None = all. */
  namespaces: () => readonly string[]
  objects: () => readonly Stored[]
}): ComputedRef<readonly Column<Stored>[]> {
  const { context, kind, namespaces, objects } = options
  const needs = computed(() => {
    const shown = kind()
    return shown && judged[kindId(shown)]
  })
  const list = <T extends KubeObject>(name: keyof Around, resource: Resource<T>): SnapshotList<readonly Stored<T>[]> =>
    useSnapshotList(context, () => (needs.value?.includes(name) ? resource : undefined), namespaces)
  const { snapshot } = useSnapshot<Around>({
    pods: list('pods', pods),
    services: list('services', services),
    endpointSlices: list('endpointSlices', endpointSlices),
    ingressClasses: list('ingressClasses', ingressClasses),
  })
  const around = computed(() => neighbourhoodOf(snapshot.value))

  /** By uid. Replaced only where a state differs: rows are remembered by their columns. */
  const states = shallowRef<ReadonlyMap<string, State>>(new Map())
  function judge(): void {
    const shown = kind()
    if (!shown || !needs.value) return
    const id = kindId(shown)
    const isAllKnown = needs.value.every((name) => snapshot.value[name] !== undefined)
    const well: State = isAllKnown ? { tone: 'good', text: t('lists.noTrouble') } : unknown
    const next = new Map(
      objects().map((object) => {
        const { uid, name, namespace } = object.metadata
        const found = explain(id, object, around.value.near({ kind: shown.resource.kind, namespace, name }))
        return [uid, found ? { tone: found.tone, text: found.state } : well]
      }),
    )
    if (!isSame(next, states.value)) states.value = next
  }
  watch([snapshot, objects, needs], judge, { immediate: true })

  return computed(() => {
    const known = states.value
    if (!needs.value) return []
    const stateOf = ({ metadata }: Stored): State => known.get(metadata.uid) ?? unknown
    return [
      {
        id: 'status',
        value: (object) => stateOf(object).text,
        tone: (object) => stateOf(object).tone,
        width: 'minmax(172px,1fr)',
      },
    ]
  })
}

const isSame = (a: ReadonlyMap<string, State>, b: ReadonlyMap<string, State>): boolean =>
  a.size === b.size && [...a].every(([uid, { tone, text }]) => b.get(uid)?.tone === tone && b.get(uid)?.text === text)
