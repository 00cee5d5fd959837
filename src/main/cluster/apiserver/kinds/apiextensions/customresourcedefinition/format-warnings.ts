import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import { isKnownFormat } from '../../../custom/formats.ts'
import { isObjectSchema, type Schema } from '../../../schema/structural.ts'

/** Warns of formats that nothing is validated by, unless the previous definition has them too. */
export function formatWarnings(definition: CustomResourceDefinition, previous?: CustomResourceDefinition): string[] {
  const before = previous ? unknownFormats(previous) : new Set<string>()
  return [...unknownFormats(definition)]
    .filter((format) => !before.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`)
}

function unknownFormats({ spec }: CustomResourceDefinition): Set<string> {
  const found = new Set<string>()
  for (const { schema } of spec.versions) if (schema?.openAPIV3Schema) collect(schema.openAPIV3Schema as Schema, found)
  return found
}

function collect(schema: Schema, found: Set<string>): void {
  const { format, type, items, properties = {}, additionalProperties, allOf = [], anyOf = [], oneOf = [], not } = schema
  if (format && !isKnownFormat(format, type)) found.add(format)
  const below = [items, ...allOf, ...anyOf, ...oneOf, not, ...Object.values(properties)]
  for (const one of below) if (one) collect(one, found)
  if (isObjectSchema(additionalProperties)) collect(additionalProperties, found)
}
