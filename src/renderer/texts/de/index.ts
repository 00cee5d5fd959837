import type { en } from '../en/index.ts'
import type { Translation } from '../translation.ts'
import { base, units } from './base.ts'
import { dialogs } from './dialogs.ts'
import { dock } from './dock.ts'
import { lists } from './lists.ts'
import { palette } from './palette.ts'
import { settings } from './settings.ts'
import { shell } from './shell.ts'
import { shortcuts } from './shortcuts.ts'

/** The same in German; a missing text fails the type check. */
export const de: Translation<typeof en> = {
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
