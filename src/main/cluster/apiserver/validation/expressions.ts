import { messageOf } from '#shared/base/message-of.ts'
import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { compile, type Variables } from '../cel/compile.ts'

/** Validates that a CEL expression compiles and has the required type; a missing expression is not reported here. */
export function checkExpression(
  expression: string | undefined,
  variables: Variables,
  result: 'bool' | 'string' | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (!expression?.trim()) return
  try {
    compile(expression, variables, result)
  } catch (error) {
    errors.push(fieldInvalid(field, expression, messageOf(error)))
  }
}
