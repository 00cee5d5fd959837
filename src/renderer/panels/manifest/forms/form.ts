import type { TextKey } from '../../../texts/index.ts'
import { readManifests } from '../documents.ts'
import { plainPath, valueAt, type FieldPath } from '../fields.ts'
import type { Problem } from '../problems.ts'
import { writeFields } from '../text-edits.ts'
import type { Change } from '../three-way.ts'

export type FormValue = string | number | Readonly<Record<string, string>>

/** A single value as text; pairs are none. */
export const textOf = (value: FormValue): string => (typeof value === 'object' ? '' : String(value))

/** One field of the text that a field of a form writes. */
export interface Place {
  kind: string
  path: FieldPath
  /** What is written of the form's value; the value itself by default. */
  as?(value: FormValue): unknown
}

/** A field of a form. It is read from its first place, and written to all of them. */
export interface FormField {
  id: string
  label: TextKey
  type: 'text' | 'number' | 'pairs' | 'secrets' | 'files' | 'choice'
  options?: readonly string[]
  places: readonly [Place, ...Place[]]
  /** What the form shows of the text's value; the value itself by default. */
  from?(value: unknown): FormValue
  /** Why a value is none; empty when it is one. */
  check?(value: FormValue): TextKey | undefined
}

/** A small form beside its YAML. */
export interface Form {
  id: string
  title: TextKey
  /** The text that it begins with. */
  start(namespace: string): string
  fields: readonly FormField[]
}

/** What the text says in the fields of a form. Undefined: the text cannot be read, or is not of this form. */
export function readForm(form: Form, text: string): Map<string, FormValue> | undefined {
  const { manifests, mistakes } = readManifests(text)
  const objectOf = (kind: string): unknown => manifests.find(({ object }) => object.kind === kind)?.object
  const [main] = form.fields
  if (mistakes.length > 0 || !main || objectOf(main.places[0].kind) === undefined) return undefined
  return new Map(
    form.fields.map(({ id, type, places, from }) => {
      const value = valueAt(objectOf(places[0].kind), places[0].path)
      return [id, from ? from(value) : shown(type, value)]
    }),
  )
}

function shown(type: FormField['type'], value: unknown): FormValue {
  if (type === 'pairs' || type === 'secrets' || type === 'files') return (value ?? {}) as Record<string, string>
  return typeof value === 'string' || typeof value === 'number' ? value : ''
}

/** The text with another value in a field of the form; what the form does not know of stays as it is. */
export function writeForm(text: string, { places }: FormField, value: FormValue): string {
  return places.reduce((now, { kind, path, as }) => {
    const index = readManifests(now).manifests.findIndex(({ object }) => object.kind === kind)
    const written = as ? as(value) : value === '' ? undefined : value
    const change: Change = { path, value: written }
    return index < 0 ? now : writeFields(now, index, [change])
  }, text)
}

/** What the server has against the fields of a form, by field; a cause is that of the field whose place is the nearest around it. */
export function refusalsOf(form: Form, text: string, problems: readonly Problem[]): Map<string, string> {
  const { manifests } = readManifests(text)
  const found = new Map<string, string>()
  for (const { cause, message } of problems) {
    const object = cause && manifests[cause.index]?.object
    if (!object) continue
    const field = nearest(form, object.kind ?? '', plainPath(object, cause.path) ?? cause.path)
    if (field) found.set(field.id, [found.get(field.id), message].filter(Boolean).join('\n'))
  }
  return found
}

function nearest(form: Form, kind: string, path: FieldPath): FormField | undefined {
  const depths = form.fields.map((field) => ({
    field,
    depth: Math.max(
      ...field.places.map((place) => (place.kind === kind && isWithin(path, place.path) ? place.path.length : -1)),
    ),
  }))
  const [best] = depths.filter(({ depth }) => depth > 0).toSorted((a, b) => b.depth - a.depth)
  return best?.field
}

const isWithin = (path: FieldPath, place: FieldPath): boolean => place.every((step, at) => path[at] === step)
