import { authorizerType } from './authorizer.ts'
import type { Variables } from './compile.ts'

/** The variables of expressions in admission policies and match conditions. */
export const conditionVariables: Variables = {
  object: 'dyn',
  oldObject: 'dyn',
  request: 'dyn',
  namespaceObject: 'dyn',
  authorizer: authorizerType,
}

export const policyVariables = (hasParams: boolean): Variables =>
  hasParams ? { ...conditionVariables, params: 'dyn', variables: 'dyn' } : { ...conditionVariables, variables: 'dyn' }
