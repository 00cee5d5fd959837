import { fieldForbidden, type FieldError } from '#shared/kube/status.ts'
import { estimateCost } from '../cel/estimate.ts'
import { plus, times, type SizedType } from '../cel/sizes.ts'
import { isObjectSchema, type Rule, type Schema } from '../schema/structural.ts'
import { largestRequest } from './schema-sizes.ts'

/** Largest estimated cost of one rule, for all the places that it applies to. */
const ruleLimit = 10_000_000
/** Largest estimated cost of all rules of a schema. */
const schemaLimit = 100_000_000

/** How often values of a schema may occur in an object; undefined where a list or map above has no limit. */
export type Cardinality = number | undefined

/** The cardinality of the values within a value of the schema. */
export function cardinalityWithin(schema: Schema, own: Cardinality): Cardinality {
  if (own === undefined) return undefined
  const { type, additionalProperties, maxProperties, maxItems } = schema
  const isMap = type === 'object' && (additionalProperties === true || isObjectSchema(additionalProperties))
  const most = isMap ? maxProperties : type === 'array' ? maxItems : 1
  return most === undefined ? undefined : times(own, Math.max(0, most))
}

/** Adds up the estimated costs of a schema's rules, and reports those beyond the limits. */
export class RuleCosts {
  #total = 0
  /** The most expensive first. */
  #expensive: { field: string; cost: number }[] = []

  /** Estimates a rule and its message. @param at path of the rule */
  add(rule: Rule, type: SizedType, cardinality: Cardinality, at: string, errors: FieldError[]): void {
    const occurrences = cardinality ?? Math.floor(largestRequest / (type.shortest + 1))
    this.#addOne('rule', times(estimateCost(rule.rule, type), occurrences), `${at}.rule`, errors)
    if (rule.messageExpression)
      this.#addOne('messageExpression', estimateCost(rule.messageExpression, type), `${at}.messageExpression`, errors)
  }

  #addOne(what: string, cost: number, field: string, errors: FieldError[]): void {
    if (cost > ruleLimit) errors.push(fieldForbidden(field, exceeds(`estimated ${what} cost`, cost, ruleLimit)))
    this.#total = plus(this.#total, cost)
    if (cost < schemaLimit / 100) return
    this.#expensive.push({ field, cost })
    this.#expensive = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, mostNamed)
  }

  /** Reports the total, with the rules that contribute most. @param field of the schema */
  checkTotal(field: string, errors: FieldError[]): void {
    if (this.#total <= schemaLimit) return
    for (const { field: at } of this.#expensive)
      errors.push(
        fieldForbidden(at, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'),
      )
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
    errors.push(fieldForbidden(field, exceeds(what, this.#total, schemaLimit)))
  }
}

const mostNamed = 4

function exceeds(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}
