import type { en } from '../en/index.ts'
import type { Translation } from '../translation.ts'
import { base, units } from './base.ts'
import { dock } from './dock.ts'
import { columns } from './columns.ts'
import { explain } from './explain.ts'
import { lists } from './lists.ts'
import { pages } from './pages.ts'
import { shell } from './shell.ts'

/** All texts in German; a missing one fails the type check. */
export const de: Translation<typeof en> = { base, units, dock, columns, explain, lists, pages, shell }
