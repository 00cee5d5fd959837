import type { Component } from 'vue'

/** A line of a menu. */
export type MenuEntry = MenuItem | { heading: string } | 'line'

export interface MenuItem {
  /** A verb: `Restart`. */
  label: string
  icon?: Component
  /** The shortcut that does the same: `Ctrl+D`. */
  keys?: string | undefined
  danger?: boolean | undefined
  /** Set for a choice that is on or off; choosing it leaves the menu open. */
  checked?: boolean
  /** Why it cannot be chosen; it is shown nevertheless. */
  reason?: string | undefined
  run(): void
}
