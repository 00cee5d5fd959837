import type { JSONSchemaProps } from '#shared/kube/generated/types.ts'
import { t } from '../../../texts/index.ts'
import type { Field } from '../fields.ts'

/** How deep and how many fields are told: a schema may have thousands. */
const deepest = 8
const most = 500

/** The fields of an object by its schema, with what each may hold; `apiVersion`, `kind` and `metadata` go without saying. */
export function schemaFields(schema: JSONSchemaProps | undefined): Field[] {
  let left = most
  function below({ properties = {}, required = [] }: JSONSchemaProps, depth: number): Field[] {
    return Object.entries(properties).flatMap(([name, each]): Field[] => {
      if (depth === 0 && ['apiVersion', 'kind', 'metadata'].includes(name)) return []
      if (left-- <= 0) return []
      const shown = required.includes(name) ? `${name} *` : name
      const inner = depth < deepest ? below(itemOf(each), depth + 1) : []
      return inner.length > 0 ? [{ name: shown, fields: inner }] : [{ name: shown, value: typeText(each) }]
    })
  }
  return schema ? below(schema, 0) : []
}

/** Of a list or a map, the schema of what is in it. */
function itemOf(schema: JSONSchemaProps): JSONSchemaProps {
  const inner = schema.items ?? schema.additionalProperties
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : schema
}

/** `string, a | b`, `list of string`, `integer, 1 – 5` */
function typeText(schema: JSONSchemaProps): string {
  const { type = '', format, minimum, maximum, pattern, default: preset } = schema
  const values = schema.enum
  const inner = itemOf(schema)
  const of = inner === schema ? '' : typeText(inner)
  const own = schema['x-kubernetes-int-or-string'] ? t('pages.definition.intOrString') : (format ?? type)
  const bounds =
    minimum !== undefined && maximum !== undefined
      ? `${minimum} – ${maximum}`
      : minimum !== undefined
        ? `≥ ${minimum}`
        : maximum !== undefined
          ? `≤ ${maximum}`
          : ''
  return [
    of ? t(type === 'array' ? 'pages.definition.listOf' : 'pages.definition.mapOf', { type: of }) : own,
    bounds,
    values ? values.map(String).join(' | ') : '',
    pattern ? `/${pattern}/` : '',
    preset === undefined ? '' : t('editor.docs.default', { value: JSON.stringify(preset) }),
  ]
    .filter(Boolean)
    .join(', ')
}
