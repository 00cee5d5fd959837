import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { chosenAtFirst, neededWith, type Item } from '../../promote/choose.ts'
import { lacksOf, type Lack, type Planned } from '../../promote/lacks.ts'
import { openOf } from '../../promote/outlook.ts'
import { planOf, type PlanOptions } from '../../promote/plan.ts'
import type { Target } from './useTarget.ts'

type ClassKind = 'StorageClass' | 'IngressClass'

export interface Plan {
  chosen: ShallowRef<ReadonlySet<string>>
  /** What the objects that were asked for need. */
  needed: ComputedRef<ReadonlySet<string>>
  /** In the order in which it is applied. */
  planned: ComputedRef<Planned[]>
  lacks: ComputedRef<Lack[]>
  /** What the server is asked about. */
  open: ComputedRef<Planned[]>
  isNew: ComputedRef<boolean>
  /** What the source has and could be taken along, as `Secret/token`. */
  takeable: ComputedRef<ReadonlySet<string>>
  take(name: string): void
  leaveOut(keys: readonly string[]): void
  /** Names another class in place of one that the target lacks. */
  replaceClass(kind: ClassKind, name: string, by: string): void
}

export interface PlanSources {
  items: Ref<readonly Item[]>
  /** The source's namespace, whose labels a new one gets. */
  namespace: Ref<PlanOptions['newNamespace']>
  asked: Ref<ReadonlySet<string>>
  from: Ref<string>
  target: Ref<{ context: string; namespace: string }>
  there: Pick<Target, 'facts' | 'state' | 'hasNamespace' | 'scaled'>
  /** Nothing may be planned: the target is the source, or is not to be written to. */
  isOff: Ref<boolean>
}

/** What the user takes of the source, as it would be applied to the target, with what the target lacks for it. */
export function usePlan({ items, namespace, asked, from, target, there, isOff }: PlanSources): Plan {
  const chosen = shallowRef<ReadonlySet<string>>(new Set())
  // What is asked for is a set of its own at every change of the address.
  const askedFor = computed(() => [...asked.value].join())
  watch([items, askedFor], () => (chosen.value = chosenAtFirst(items.value, asked.value)), { immediate: true })

  const classes = ref<Record<ClassKind, Record<string, string>>>({ StorageClass: {}, IngressClass: {} })
  watch(
    () => target.value.context,
    () => (classes.value = { StorageClass: {}, IngressClass: {} }),
  )

  const isNew = computed(() => there.state.value === 'ready' && !there.hasNamespace.value)
  const planned = computed((): Planned[] => {
    if (chosen.value.size === 0 || there.state.value !== 'ready' || isOff.value) return []
    return planOf({
      items: items.value,
      chosen: chosen.value,
      route: {
        ...{ from: from.value, to: target.value.namespace, scaled: there.scaled.value },
        ...{ storageClasses: classes.value.StorageClass, ingressClasses: classes.value.IngressClass },
      },
      newNamespace: isNew.value ? (namespace.value ?? { metadata: {} }) : undefined,
    })
  })
  const lacks = computed(() => lacksOf(planned.value, there.facts))
  const byName = computed(
    () => new Map(items.value.map(({ key, resource, object }) => [`${resource.kind}/${object.metadata.name}`, key])),
  )
  return {
    ...{ chosen, planned, lacks, isNew },
    needed: computed(() => neededWith(items.value, asked.value)),
    open: computed(() => openOf(planned.value, lacks.value)),
    takeable: computed(() => new Set(byName.value.keys())),
    take(name) {
      const key = byName.value.get(name)
      if (key !== undefined) chosen.value = new Set([...chosen.value, key])
    },
    leaveOut: (keys) => void (chosen.value = new Set([...chosen.value].filter((key) => !keys.includes(key)))),
    replaceClass: (kind, name, by) => void (classes.value[kind] = { ...classes.value[kind], [name]: by }),
  }
}
