import { computed, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { messageOf } from '#shared/base/message-of.ts'
import type { ChartSource, HelmReleaseDetails } from '#shared/contract/helm.ts'
import { useApi } from '../../api/index.ts'
import { useNamespaceNames } from '../../composables/useNamespaceNames.ts'
import { useClusters } from '../../stores/clusters.ts'
import { useHelm } from '../../stores/helm.ts'
import { useSettings } from '../../stores/settings.ts'
import { t } from '../../texts/index.ts'
import { useChart } from './useChart.ts'
import { useRendered, type Plan } from './useRendered.ts'

/**
 * What the address of the page plans: a release, which an upgrade names, the chart, the values, what the server says of them, and
 * why it cannot be run.
 */
export function useReleasePlan() {
  const settings = useSettings()
  const { context, action, ofRelease, queried, choose } = usePlanAddress()
  const { release, loadError } = useReleaseDetails(context, ofRelease)

  const chosenName = ref('')
  const chosenNamespace = ref(settings.namespacesOf(context.value)[0] ?? 'default')
  const name = computed(() => ofRelease.value?.name ?? chosenName.value.trim())
  const namespace = computed(() => ofRelease.value?.namespace ?? chosenNamespace.value.trim())
  const { names: namespaces, state: namespacesState } = useNamespaceNames(
    () => context.value,
    () => [],
  )
  const isNewNamespace = computed(
    () =>
      action.value === 'install' &&
      namespacesState.value === 'ready' &&
      namespace.value !== '' &&
      !namespaces.value.includes(namespace.value),
  )
  const isNamed = computed(
    () => name.value.length <= 53 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name.value) && namespace.value !== '',
  )

  const source = computed((): ChartSource | undefined => {
    const [ref_, version] = [queried('chart'), queried('version')]
    if (ref_ !== '') return { ref: ref_, ...(version === '' ? {} : { version }) }
    return ofRelease.value && release.value?.hasChart
      ? { release: { context: context.value, ...ofRelease.value } }
      : undefined
  })
  const { chart, opening, error: chartError } = useChart(() => source.value)
  watch(chart, (opened) => {
    if (opened && chosenName.value === '') chosenName.value = opened.name
  })

  // Of a chart to be installed, wherever it goes: a text that is typed before its namespace is chosen stays.
  const keptAs = computed(() =>
    [context.value, ...(ofRelease.value ? [ofRelease.value.namespace, ofRelease.value.name] : [queried('chart')])].join(
      ' ',
    ),
  )
  const set = useSetValues(
    () => keptAs.value,
    () => (ofRelease.value ? (release.value?.values ?? '') : `# ${t('helm.plan.hint')}\n`),
  )
  /** An upgrade sets all values anew: without those of the release, it would take them away. */
  const isRead = computed(() => ofRelease.value === undefined || release.value !== undefined)
  const plan = computed((): Plan | undefined =>
    isRead.value && chart.value && isNamed.value && set.errors.value === 0
      ? {
          ...{ context: context.value, action: action.value, namespace: namespace.value, name: name.value },
          ...{ chart: chart.value.id, values: set.values.value },
        }
      : undefined,
  )
  const rendered = useRendered(() => plan.value)
  const obstacle = useObstacle(context, () => {
    if (!isRead.value) return t('base.loading')
    if (!chart.value) return t('helm.plan.why.chart')
    if (!isNamed.value) return name.value === '' ? t('helm.plan.why.name') : t('helm.plan.badName')
    if (set.errors.value > 0) return t('helm.plan.why.problems', { n: set.errors.value })
    if (rendered.busy.value || set.isTyping.value) return t('helm.plan.why.rendering')
    if (rendered.error.value) return t('helm.plan.why.failed')
    return rendered.taken.value ? t('helm.plan.why.taken', { name: name.value }) : ''
  })
  return {
    ...{ context, action, ofRelease, queried, choose, release, loadError, isRead },
    ...{ chosenName, chosenNamespace, name, namespace, namespaces, isNewNamespace, isNamed },
    ...{ chart, opening, chartError, set, plan, rendered, obstacle },
  }
}
export type ReleasePlan = ReturnType<typeof useReleasePlan>

/** What the address says: the context, the release that an upgrade is of, and the chart that was chosen. */
function usePlanAddress() {
  const route = useRoute()
  const router = useRouter()
  const action = computed((): Plan['action'] => (route.name === 'helm-upgrade' ? 'upgrade' : 'install'))
  return {
    action,
    context: computed(() => String(route.params.context)),
    ofRelease: computed(() => {
      const { namespace, name } = route.params
      return action.value === 'upgrade' ? { namespace: String(namespace), name: String(name) } : undefined
    }),
    queried(name: string): string {
      const value = route.query[name]
      return typeof value === 'string' ? value : ''
    },
    choose(chart: string, version: string): void {
      const query = { ...(chart === '' ? {} : { chart }), ...(version === '' ? {} : { version }) }
      void router.replace({ query })
    },
  }
}

/** Read again when the address names another release: the page stays then. */
function useReleaseDetails(
  context: ReturnType<typeof usePlanAddress>['context'],
  ofRelease: ReturnType<typeof usePlanAddress>['ofRelease'],
) {
  const api = useApi()
  const release = shallowRef<HelmReleaseDetails>()
  const loadError = ref('')
  watch(
    () => JSON.stringify([context.value, ofRelease.value]),
    async (_now, _before, onCleanup) => {
      let stale = false
      onCleanup(() => (stale = true))
      release.value = undefined
      loadError.value = ''
      if (!ofRelease.value) return
      try {
        const read = await api.back.helm.release({ context: context.value, ...ofRelease.value })
        if (!stale) release.value = read
      } catch (error) {
        if (!stale) loadError.value = messageOf(error)
      }
    },
    { immediate: true },
  )
  return { release, loadError }
}

/** The values that the user sets, which are kept while the window is open. */
function useSetValues(keptAs: () => string, atFirst: () => string) {
  const helm = useHelm()
  /** The text at the last pause, and how many mistakes it has. */
  const atPause = shallowRef({ values: '', errors: 0 })
  /** While it differs from what was checked, what has been rendered is not what is there. */
  const typedText = shallowRef<string>()
  return {
    initial: computed(() => helm.values.get(keptAs()) ?? atFirst()),
    values: computed(() => atPause.value.values),
    errors: computed(() => atPause.value.errors),
    isTyping: computed(() => typedText.value !== undefined && typedText.value !== atPause.value.values),
    typed(values: string): void {
      typedText.value = values
      helm.values.set(keptAs(), values)
    },
    checked(values: string, errors: number): void {
      atPause.value = { values, errors }
    },
    /** Once they are in force. What was typed after they were sent stays. */
    forget(values: string): void {
      if (helm.values.get(keptAs()) === values) helm.values.delete(keptAs())
    },
  }
}

/** Why it cannot be done now; '' when it can. */
function useObstacle(context: ReturnType<typeof usePlanAddress>['context'], ofPlan: () => string) {
  const clusters = useClusters()
  const settings = useSettings()
  const helm = useHelm()
  return computed(() => {
    if (settings.settings.readOnly[context.value])
      return t('shell.readOnlyReason', { name: clusters.labelOf(context.value) })
    return helm.programs && !helm.programs.helm ? t('helm.program.needed') : ofPlan()
  })
}
