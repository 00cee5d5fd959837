import { Environment } from '@marcbachmann/cel-js'
import { registerAddresses } from './addresses.ts'
import { registerAuthorizer } from './authorizer.ts'
import { registerConversions } from './conversions.ts'
import { registerFormats } from './formats.ts'
import { registerLists } from './lists.ts'
import { registerMacros } from './macros.ts'
import { registerOptionals } from './optionals.ts'
import { registerQuantities } from './quantities.ts'
import { registerSemver } from './semver.ts'
import { registerStrings } from './strings.ts'
import { registerUrls } from './urls.ts'

let base: Environment | undefined

/**
 * CEL with Kubernetes' libraries (kubernetes.io/docs/reference/using-api/cel): a new child environment, to which
 * variables can be added.
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
  registerUrls(environment)
  registerAddresses(environment)
  registerFormats(environment)
  registerAuthorizer(environment)
  registerSemver(environment)
  registerOptionals(environment)
  registerConversions(environment)
  registerMacros(environment)
  return environment
}
