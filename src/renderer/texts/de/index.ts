import type { en } from '../en/index.ts'
import type { Translation } from '../translation.ts'
import { access } from './access.ts'
import { base, units } from './base.ts'
import { charts } from './charts.ts'
import { columns } from './columns.ts'
import { dialogs } from './dialogs.ts'
import { dock } from './dock.ts'
import { editor } from './editor.ts'
import { explain } from './explain.ts'
import { forwards } from './forwards.ts'
import { home } from './home.ts'
import { lists } from './lists.ts'
import { overview } from './overview.ts'
import { pages } from './pages.ts'
import { palette } from './palette.ts'
import { promote } from './promote.ts'
import { settings } from './settings.ts'
import { shell } from './shell.ts'
import { shortcuts } from './shortcuts.ts'
import { timeMachine } from './time-machine.ts'
import { topology } from './topology.ts'

/** All texts in German; a missing one fails the type check. */
export const de: Translation<typeof en> = {
  access,
  base,
  units,
  charts,
  columns,
  dialogs,
  dock,
  editor,
  explain,
  forwards,
  home,
  lists,
  overview,
  pages,
  palette,
  promote,
  settings,
  shell,
  shortcuts,
  timeMachine,
  topology,
}
