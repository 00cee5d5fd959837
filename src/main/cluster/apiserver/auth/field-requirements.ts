import { parseFieldSelector, SelectorSyntaxError, type FieldRequirement } from '#shared/kube/selectors.ts'

/** What a field selector asks for, as authorizers see it: one that cannot be parsed restricts nothing. */
export function fieldRequirementsOf(text: string): FieldRequirement[] | undefined {
  try {
    return parseFieldSelector(text)
  } catch (error) {
    if (error instanceof SelectorSyntaxError) return undefined
    throw error
  }
}
