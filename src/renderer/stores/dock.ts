import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

export type PanelKind = 'logs' | 'terminal' | 'edit' | 'deploy'

export interface DockTab {
  id: string
  kind: PanelKind
  title: string
  /** What the panel's component is given. */
  props: Record<string, unknown>
}

/** The dock at the bottom: its tabs outlive navigation, and each panel goes on while another one is shown. */
export const useDock = defineStore('dock', () => {
  const tabs = ref<DockTab[]>([])
  const active = ref<string>()
  const open = ref(false)
  const height = ref(320)
  let next = 1

  const current = computed(() => tabs.value.find(({ id }) => id === active.value))

  /** Shows a panel; an edit or a log of the same thing is brought to the front instead of opened twice. */
  function show(kind: PanelKind, title: string, props: Record<string, unknown>): string {
    const same = kind === 'terminal' ? undefined : tabs.value.find((tab) => tab.kind === kind && tab.title === title)
    const id = same?.id ?? `tab-${next++}`
    if (!same) tabs.value.push({ id, kind, title, props })
    active.value = id
    open.value = true
    return id
  }

  function close(id: string): void {
    const index = tabs.value.findIndex((tab) => tab.id === id)
    if (index < 0) return
    tabs.value.splice(index, 1)
    if (active.value === id) active.value = (tabs.value[index] ?? tabs.value[index - 1])?.id
    if (tabs.value.length === 0) open.value = false
  }

  function toggle(): void {
    open.value = !open.value && tabs.value.length > 0
  }

  return { tabs, active, open, height, current, show, close, toggle }
})
