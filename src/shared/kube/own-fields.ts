import { JsonPath } from './json-path.ts'

/** A text of the user's with fields of an object in it: `deployment/${metadata.name}`; `$${` writes `${`. */
export type Template = readonly (string | Field)[]

export interface Field {
  /** As it is written: `metadata.labels['app.kubernetes.io/name']`. */
  name: string
  path: JsonPath
}

const marks = /\$\$\{|\$\{([^}]*)\}/g

/**
 * @param isField whether what stands in `${…}` is a field; the others stay as they are. All are when unset
 * @throws Error where one is no JSONPath
 */
export function parseTemplate(text: string, isField: (name: string) => boolean = () => true): Template {
  const parts: (string | Field)[] = []
  let at = 0
  for (const match of text.matchAll(marks)) {
    const [whole, inside] = match
    parts.push(text.slice(at, match.index))
    at = match.index + whole.length
    if (inside === undefined) parts.push('${')
    else if (isField(inside)) parts.push(fieldOf(inside))
    else parts.push(whole)
  }
  parts.push(text.slice(at))
  return parts.filter((part) => part !== '')
}

/** @throws Error where it is no JSONPath */
export function fieldOf(text: string): Field {
  const name = text.trim()
  if (name === '') throw new Error('a field is missing between ${ and }')
  return { name, path: new JsonPath(/^[.[{$]/.test(name) ? name : `.${name}`) }
}

/** @throws Error naming the field that the object does not have */
export const fillTemplate = (template: Template, object: unknown, write = (value: string): string => value): string =>
  template.map((part) => (typeof part === 'string' ? part : write(valueOf(part, object)))).join('')

/** All values of a field as one text. @throws Error where there is none */
export function valueOf({ name, path }: Field, object: unknown): string {
  const values = path.all(object).filter((value) => value !== undefined && value !== null)
  if (values.length === 0) throw new Error(`the object has no ${name}`)
  return values.map(textOf).join(',')
}

export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? ''
}
