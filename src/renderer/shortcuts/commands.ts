import type { TextKey } from '../texts/index.ts'

/** What keys do, in the order of the cheat sheet. Other keys for them are in the settings, by `id`. */
export interface ShortcutCommand {
  id: string
  group: ShortcutGroup
  text: TextKey
  /** The keys it has unless the user chooses others; components bind commands by them. */
  keys: string
  /** Set where it cannot be changed: the control that it belongs to takes it. */
  fixed?: true
}

export const shortcutGroups = ['anywhere', 'go', 'list', 'object', 'dock'] as const
export type ShortcutGroup = (typeof shortcutGroups)[number]

export const shortcutCommands: readonly ShortcutCommand[] = [
  { id: 'palette', group: 'anywhere', text: 'shortcuts.palette', keys: 'Ctrl+K' },
  { id: 'dock', group: 'anywhere', text: 'shortcuts.dock', keys: 'Ctrl+`' },
  { id: 'sidebar', group: 'anywhere', text: 'shortcuts.sidebar', keys: 'Ctrl+B' },
  { id: 'settings', group: 'anywhere', text: 'shortcuts.settings', keys: 'Ctrl+,' },
  { id: 'help', group: 'anywhere', text: 'shortcuts.help', keys: '?' },
  { id: 'go-clusters', group: 'go', text: 'shortcuts.goClusters', keys: 'g h' },
  { id: 'go-overview', group: 'go', text: 'shortcuts.goOverview', keys: 'g o' },
  { id: 'go-pods', group: 'go', text: 'shortcuts.goPods', keys: 'g p' },
  { id: 'go-deployments', group: 'go', text: 'shortcuts.goDeployments', keys: 'g d' },
  { id: 'go-services', group: 'go', text: 'shortcuts.goServices', keys: 'g s' },
  { id: 'go-nodes', group: 'go', text: 'shortcuts.goNodes', keys: 'g n' },
  { id: 'go-events', group: 'go', text: 'shortcuts.goEvents', keys: 'g e' },
  { id: 'go-configmaps', group: 'go', text: 'shortcuts.goConfigMaps', keys: 'g c' },
  { id: 'go-kind', group: 'go', text: 'shortcuts.goKind', keys: 'g k' },
  { id: 'filter', group: 'list', text: 'shortcuts.filter', keys: '/' },
  { id: 'down', group: 'list', text: 'shortcuts.down', keys: 'j' },
  { id: 'up', group: 'list', text: 'shortcuts.up', keys: 'k' },
  { id: 'select', group: 'list', text: 'shortcuts.select', keys: 'Space' },
  { id: 'details', group: 'list', text: 'shortcuts.details', keys: 'd' },
  { id: 'menu', group: 'list', text: 'shortcuts.menu', keys: '.' },
  { id: 'open', group: 'list', text: 'shortcuts.open', keys: 'Enter', fixed: true },
  { id: 'delete', group: 'list', text: 'shortcuts.delete', keys: 'Ctrl+D' },
  { id: 'logs', group: 'object', text: 'shortcuts.logs', keys: 'l' },
  { id: 'shell', group: 'object', text: 'shortcuts.shell', keys: 's' },
  { id: 'edit', group: 'object', text: 'shortcuts.edit', keys: 'e' },
  { id: 'apply', group: 'dock', text: 'shortcuts.apply', keys: 'Ctrl+Enter', fixed: true },
  { id: 'copy', group: 'dock', text: 'shortcuts.copy', keys: 'Ctrl+Shift+C', fixed: true },
  { id: 'paste', group: 'dock', text: 'shortcuts.paste', keys: 'Ctrl+Shift+V', fixed: true },
]
