import { parseFieldSelector, SelectorSyntaxError, type FieldRequirement } from '#shared/kube/selectors.ts'

/** The requirements of a field selector for authorizers; a selector that cannot be parsed yields none. */
export function fieldRequirementsOf(text: string): FieldRequirement[] | undefined {
  try {
    return parseFieldSelector(text)
  } catch (error) {
    if (error instanceof SelectorSyntaxError) return undefined
    throw error
  }
}
