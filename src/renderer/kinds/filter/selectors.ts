import type { KindDescriptor } from '../descriptor.ts'
import type { Filter, FilterWord } from './parse.ts'

/** What the API's own selectors can say of a filter. */
export interface Selectors {
  labelSelector: string
  fieldSelector: string
  /** Namespaces that the filter names; none where it names none. */
  namespaces: string[]
  /** Words that no selector can say. */
  rest: string[]
}

/** The filter as selectors of the API, for kubectl. */
export function selectorsOf({ words }: Filter, { resource }: Pick<KindDescriptor, 'resource'>): Selectors {
  const labels: string[] = []
  const fields: string[] = []
  let namespaces: string[] | undefined
  const rest: string[] = []
  for (const word of words) {
    const { key, sign, values, negated } = word
    const label = sign === '=' ? requirementOf(word) : undefined
    const field = sign === ':' && key !== undefined ? fieldOf(key, resource) : undefined
    if (label !== undefined) labels.push(label)
    else if (key !== undefined && isNamespace(key) && sign === ':' && resource.namespaced && !negated)
      namespaces = namespaces?.filter((name) => values.includes(name)) ?? values
    else if (field !== undefined && (negated || values.length === 1))
      fields.push(...values.map((value) => `${field}${negated ? '!=' : '='}${value}`))
    else rest.push(word.text)
  }
  return { labelSelector: labels.join(','), fieldSelector: fields.join(','), namespaces: namespaces ?? [], rest }
}

const isNamespace = (key: string): boolean => key === 'ns' || key === 'namespace'

/** Fields that the filter compares as a whole, and by which the API selects. */
function fieldOf(key: string, { group, kind, namespaced }: KindDescriptor['resource']): string | undefined {
  if (isNamespace(key)) return namespaced ? 'metadata.namespace' : undefined
  const isPod = group === '' && kind === 'Pod'
  return isPod && (key === 'node' || key === 'worker') ? 'spec.nodeName' : undefined
}

const isKey = (text: string): boolean => /^([a-z0-9.-]+\/)?[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/.test(text)
const isValue = (text: string): boolean => /^([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?)?$/.test(text)

/** A label's requirement as kubectl writes it. What holds of no label of that value holds of objects without it, too. */
function requirementOf({ key = '', values, negated }: FilterWord): string | undefined {
  if (!isKey(key) || !values.every(isValue)) return undefined
  const [only = '', ...others] = values
  if (others.length > 0) return `${key} ${negated ? 'notin' : 'in'} (${values.join(',')})`
  if (only === '') return negated ? `!${key}` : key
  return `${key}${negated ? '!=' : '='}${only}`
}
