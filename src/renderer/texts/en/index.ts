import { base, units } from './base.ts'
import { dialogs } from './dialogs.ts'
import { dock } from './dock.ts'
import { lists } from './lists.ts'
import { palette } from './palette.ts'
import { settings } from './settings.ts'
import { shell } from './shell.ts'
import { shortcuts } from './shortcuts.ts'

/**
 * The texts that come with the page: those of its frame, and words that all parts use. The others are in `areas`.
 * `{'@'}`, `{'|'}` and `{'{'}` write the signs that vue-i18n reads; `{n} pod | {n} pods` has two plural forms.
 */
export const en = {
  base,
  units,
  dialogs,
  dock,
  lists,
  palette,
  settings,
  shell,
  shortcuts,
}
