import { Environment } from '@marcbachmann/cel-js'
import { registerAuthorizer } from './authorizer.ts'
import { registerLists } from './lists.ts'
import { registerNetwork } from './network.ts'
import { registerQuantities } from './quantities.ts'
import { registerStrings } from './strings.ts'

let base: Environment | undefined

/**
 * CEL with the libraries that Kubernetes adds to it (kubernetes.io/docs/reference/using-api/cel): a fresh child, to
 * which variables can be added.
 */
export function celEnvironment(): Environment {
  base ??= build()
  return base.clone()
}

function build(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: { maxAstNodes: 20_000, maxDepth: 100, maxListElements: 2_000, maxMapEntries: 2_000, maxCallArguments: 32 },
  })
  registerStrings(environment)
  registerLists(environment)
  registerQuantities(environment)
  registerNetwork(environment)
  registerAuthorizer(environment)
  return environment
}
