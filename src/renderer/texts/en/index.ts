import { base, units } from './base.ts'
import { dock } from './dock.ts'
import { columns } from './columns.ts'
import { explain } from './explain.ts'
import { lists } from './lists.ts'
import { pages } from './pages.ts'
import { shell } from './shell.ts'

/**
 * All texts of the face in English, one file per area. `{'@'}`, `{'|'}` and `{'{'}` write the signs that vue-i18n reads;
 * `{n} pod | {n} pods` has two plural forms.
 */
export const en = { base, units, dock, columns, explain, lists, pages, shell }
