import type { Ref } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import { useShortcuts } from '../../composables/useShortcuts.ts'
import { idOf } from '../../kinds/rows.ts'
import { useOwnActionKeys } from '../useOwnShortcuts.ts'
import type { useSelection } from './useSelection.ts'

export interface ListKeysOptions {
  rows(): readonly { id: string }[]
  /** What has the focus when no row and no control has it. */
  page: Ref<HTMLElement | undefined>
  current: Ref<string | undefined>
  /** In the drawer. */
  opened: Ref<string | undefined>
  selection: ReturnType<typeof useSelection>
  objectAt(id: string | undefined): Stored | undefined
  focusFilter(): void
  openPage(object: Stored): void
  openDrawer(object: Stored): void
  openMenu(object: Stored): void
  /** Runs the action that has this key. */
  runKey(key: string, object: Stored): void
  /** Asks whether what is selected is to be deleted. */
  remove(): void
}

/** The keys of a list: they move over its rows, select them, and do something to the current one. */
export function useListKeys(list: ListKeysOptions): { onShift(event: KeyboardEvent): void } {
  const { current, opened, selection } = list

  function move(by: number, extends_ = false): void {
    const rows = list.rows()
    const at = rows.findIndex(({ id }) => id === current.value)
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.id
    if (next === undefined) return
    if (extends_) {
      if (current.value !== undefined && selection.ids.value.size === 0) selection.toggle(current.value)
      selection.extendTo(next)
    }
    current.value = next
    if (opened.value) opened.value = next
  }
  const withCurrent = (act: (object: Stored) => void) => (): void => {
    const object = list.objectAt(current.value)
    if (object) act(object)
  }
  const runKey = (key: string): (() => void) => withCurrent((object) => list.runKey(key, object))

  useShortcuts(useOwnActionKeys((key) => runKey(key)()))
  useShortcuts({
    '/': list.focusFilter,
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    J: () => move(1, true),
    K: () => move(-1, true),
    Home: () => move(-Infinity),
    End: () => move(Infinity),
    Space: withCurrent((object) => selection.toggle(idOf(object))),
    'Ctrl+A': () => selection.selectAll(),
    d: withCurrent(list.openDrawer),
    '.': withCurrent(list.openMenu),
    l: runKey('l'),
    s: runKey('s'),
    e: runKey('e'),
    p: runKey('p'),
    Enter: withCurrent(list.openPage),
    Escape() {
      if (opened.value) opened.value = undefined
      else selection.clear()
    },
    'Ctrl+D'() {
      if (selection.ids.value.size === 0 && current.value) selection.toggle(current.value)
      if (selection.ids.value.size > 0) list.remove()
    },
  })

  return {
    /** Shift makes a range of what the keys pass. */
    onShift(event) {
      const { target, key, shiftKey } = event
      const isRow = target === list.page.value || (target instanceof HTMLElement && target.dataset.row !== undefined)
      const step = steps[key]
      if (!shiftKey || !isRow || (step === undefined && key !== ' ')) return
      event.preventDefault()
      if (step !== undefined) move(step, true)
      else if (current.value !== undefined) selection.extendTo(current.value)
    },
  }
}

const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
