import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Resource } from '#shared/kube/resources.ts'
import { identityOf, type ClusterTarget, type ObjectTarget } from '../composables/target.ts'

/** What a tab shows, and what it works on. */
export type Panel =
  | { panel: 'logs'; target: ObjectTarget; source: LogSource }
  | { panel: 'terminal'; target: ObjectTarget; containers: readonly string[] }
  | { panel: 'edit'; target: ObjectTarget; resource: Resource }
  | { panel: 'deploy'; target: ClusterTarget }
export type PanelName = Panel['panel']

/** One pod, or all pods of the target's namespace that a selector finds. */
export type LogSource = { pod: string } | { selector: string }

export type DockTab = { readonly id: string } & Panel

/** The dock at the bottom. Its tabs outlive navigation, and each panel goes on while another one is shown. */
export const useDock = defineStore('dock', () => {
  const tabs = shallowRef<readonly DockTab[]>([])
  const active = ref<string>()
  const open = ref(false)
  const height = ref(320)
  let next = 1

  const current = computed(() => tabs.value.find(({ id }) => id === active.value))

  /** Shows a panel. The tab of the same panel on the very same target comes to the front; each terminal is its own. */
  function show(panel: Panel): string {
    const same = panel.panel === 'terminal' ? undefined : tabs.value.find((tab) => isSame(tab, panel))
    const id = same?.id ?? `tab-${next++}`
    if (!same) tabs.value = [...tabs.value, { id, ...panel }]
    select(id)
    return id
  }

  function select(id: string): void {
    active.value = id
    open.value = true
  }

  function close(id: string): void {
    const index = tabs.value.findIndex((tab) => tab.id === id)
    if (index < 0) return
    tabs.value = tabs.value.toSpliced(index, 1)
    if (active.value === id) active.value = (tabs.value[index] ?? tabs.value[index - 1])?.id
    if (tabs.value.length === 0) open.value = false
  }

  /** Closes the tabs of a cluster that no longer exists: another one may get its name. */
  function closeContext(context: string): void {
    for (const { id, target } of tabs.value) if (target.context === context) close(id)
  }

  function toggle(): void {
    open.value = !open.value && tabs.value.length > 0
  }

  return { tabs, active, open, height, current, show, select, close, closeContext, toggle }
})

const isSame = (a: Panel, b: Panel): boolean => a.panel === b.panel && identityOf(a.target) === identityOf(b.target)
