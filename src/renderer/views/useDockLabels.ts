import { computed, type ComputedRef } from 'vue'
import { placeText } from '../composables/target.ts'
import { useClusters } from '../stores/clusters.ts'
import { useDock, type DockTab } from '../stores/dock.ts'
import { useSettings } from '../stores/settings.ts'
import { t } from '../texts/index.ts'

export interface DockLabel {
  tab: DockTab
  title: string
  /** `dev / shop`; with the start of the uid where another object of the same name has a tab too. */
  place: string
  /** Everything that tells the tab's target from others. */
  full: string
  /** Class that sets the colour of its context. */
  colour: string
}

/** What the tabs of the dock are called. */
export function useDockLabels(): ComputedRef<DockLabel[]> {
  const dock = useDock()
  const clusters = useClusters()
  const settings = useSettings()

  function labelOf(tab: DockTab): DockLabel {
    const { target } = tab
    const cluster = clusters.labelOf(target.context)
    const colour = `ctx-${settings.colourOf(target.context)}`
    const verb = verbOf(tab)
    const context = t('dock.context', { name: target.context })
    if (!('uid' in target)) return { tab, title: verb, place: cluster, full: `${verb}\n${context}`, colour }
    const { apiVersion, kind, namespace, name, uid } = target
    const facts = [
      `${verb} ${kind} ${name}`,
      context,
      ...(namespace ? [t('dock.namespace', { name: namespace })] : []),
      t('dock.apiVersion', { name: apiVersion }),
      t('dock.uid', { name: uid }),
    ]
    return {
      tab,
      title: `${verb} ${kind} ${name}`,
      place: placeText(cluster, namespace),
      full: facts.join('\n'),
      colour,
    }
  }

  return computed(() => {
    const made = dock.tabs.map(labelOf)
    const isTwin = ({ tab, title, place }: DockLabel): boolean =>
      made.some(
        (other) =>
          'uid' in other.tab.target &&
          'uid' in tab.target &&
          other.tab.target.uid !== tab.target.uid &&
          other.title === title &&
          other.place === place,
      )
    return made.map((label) => {
      const { target } = label.tab
      return 'uid' in target && isTwin(label)
        ? { ...label, place: `${label.place} · uid ${target.uid.slice(0, 8)}` }
        : label
    })
  })
}

function verbOf(tab: DockTab): string {
  if (tab.panel === 'command') return tab.action
  if (tab.panel !== 'terminal' || tab.mode === undefined || tab.mode === 'shell') return t(`dock.panel.${tab.panel}`)
  return tab.mode === 'node' ? t('dock.action.nodeShell') : t(`dock.action.${tab.mode}`)
}
