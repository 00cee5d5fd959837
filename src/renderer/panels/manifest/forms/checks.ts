import type { TextKey } from '../../../texts/index.ts'
import { textOf, type FormValue } from './form.ts'

type Check = (value: FormValue) => TextKey | undefined

/** RFC 1123 label: what most names must be. */
export const name: Check = (value) =>
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(textOf(value)) ? undefined : 'editor.form.check.name'

export const given: Check = (value) => (textOf(value).trim() === '' ? 'editor.form.check.given' : undefined)

export const count: Check = (value) =>
  Number.isInteger(Number(value)) && Number(value) >= 0 && value !== '' ? undefined : 'editor.form.check.count'

export const port: Check = (value) =>
  Number.isInteger(Number(value)) && Number(value) > 0 && Number(value) < 65_536 ? undefined : 'editor.form.check.port'

/** `100m`, `1.5`, `128Mi`; empty is no request at all. */
export const quantity: Check = (value) =>
  value === '' || /^\d+(\.\d+)?(m|[kMGTPE]i?|Ki)?$/.test(textOf(value)) ? undefined : 'editor.form.check.quantity'

/** Five fields, or a macro such as `@daily`. */
export const schedule: Check = (value) =>
  /^(@\w+|(\S+\s+){4}\S+)$/.test(textOf(value).trim()) ? undefined : 'editor.form.check.schedule'

export const host: Check = (value) =>
  value === '' || /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(textOf(value)) ? undefined : 'editor.form.check.host'
