import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Resource } from '#shared/kube/resources.ts'
import { identityOf, type ClusterTarget, type ObjectTarget } from '../composables/target.ts'

/** What a tab shows, and what it works on. */
export type Panel =
  | { panel: 'logs'; target: ObjectTarget; source: LogSource }
  | { panel: 'terminal'; target: ObjectTarget; containers: readonly string[]; mode?: TerminalMode }
  | { panel: 'edit'; target: ObjectTarget; resource: Resource }
  /** `form`: what it begins with. */
  | { panel: 'deploy'; target: ClusterTarget; form?: string }
  | { panel: 'build'; target: ClusterTarget }
  /** One of the user's own actions; `path`: of its object in the API. */
  | { panel: 'command'; target: ObjectTarget; action: string; kind: string; path: string }
/** How a terminal reaches its program. */
export type TerminalMode = 'shell' | 'attach' | 'debug' | 'node'
export type PanelName = Panel['panel']

/** One pod, or all pods of the target's namespace that a selector finds. */
export type LogSource = { pod: string } | { selector: string }

export type DockTab = { readonly id: string } & Panel

/** The dock at the bottom. Its tabs outlive navigation, and each panel goes on while another one is shown. */
export const useDock = defineStore('dock', () => {
  const tabs = shallowRef<readonly DockTab[]>([])
  const active = ref<string>()
  const open = ref(false)
  /** As the user has dragged it, px; unset: as the window's width has it. */
  const height = ref<number>()
  const maximised = ref(false)
  /** The tab that is shown at the right of the active one. */
  const beside = ref<string>()
  let next = 1

  const current = computed(() => tabs.value.find(({ id }) => id === active.value))

  /** Shows a panel. The tab of the same panel on the very same target comes to the front; each terminal and command is its own. */
  function show(panel: Panel): string {
    const same =
      panel.panel === 'terminal' || panel.panel === 'command' ? undefined : tabs.value.find((tab) => isSame(tab, panel))
    const id = same?.id ?? `tab-${next++}`
    if (!same) tabs.value = [...tabs.value, { id, ...panel }]
    else if (panel.panel === 'deploy' && panel.form !== undefined)
      tabs.value = tabs.value.map((tab) => (tab.id === id ? { id, ...panel } : tab))
    select(id)
    return id
  }

  function select(id: string): void {
    // The two tabs that are seen change places, so that both stay in sight.
    if (beside.value === id) beside.value = active.value
    active.value = id
    open.value = true
  }

  /** Moves a tab by places to the right, or with -1 to the left. */
  function move(id: string, by: number): void {
    const from = tabs.value.findIndex((tab) => tab.id === id)
    const tab = tabs.value[from]
    const to = from + by
    if (tab && to >= 0 && to < tabs.value.length) tabs.value = tabs.value.toSpliced(from, 1).toSpliced(to, 0, tab)
  }

  /** Shows the active tab and the one next to it side by side, or ends that. */
  function split(): void {
    const others = tabs.value.filter(({ id }) => id !== active.value)
    const at = tabs.value.findIndex(({ id }) => id === active.value)
    beside.value = beside.value === undefined ? (tabs.value[at + 1] ?? others.at(-1))?.id : undefined
  }

  function close(id: string): void {
    const index = tabs.value.findIndex((tab) => tab.id === id)
    if (index < 0) return
    tabs.value = tabs.value.toSpliced(index, 1)
    if (active.value === id) active.value = (tabs.value[index] ?? tabs.value[index - 1])?.id
    if (beside.value === id || beside.value === active.value) beside.value = undefined
    if (tabs.value.length === 0) open.value = maximised.value = false
  }

  /** Closes the tabs of a cluster that no longer exists: another one may get its name. */
  function closeContext(context: string): void {
    for (const { id, target } of tabs.value) if (target.context === context) close(id)
  }

  function toggle(): void {
    open.value = !open.value && tabs.value.length > 0
  }

  function maximise(): void {
    open.value = true
    maximised.value = !maximised.value
  }

  return {
    tabs,
    active,
    beside,
    open,
    height,
    maximised,
    current,
    show,
    select,
    move,
    split,
    close,
    closeContext,
    toggle,
    maximise,
  }
})

const isSame = (a: Panel, b: Panel): boolean => a.panel === b.panel && identityOf(a.target) === identityOf(b.target)
