import type { ParseArgsConfig } from 'node:util'

/** Declaration of one command of the command line. */
export interface Command {
  /** `slipway list [--data DIR]` */
  usage: string
  /** One line for the overview. */
  summary: string
  /** Text that `--help` prints below the usage. */
  help: string
  options: NonNullable<ParseArgsConfig['options']>
  /** Writes its result to stdout. @throws ExpectedError for failures that the user can fix */
  run(values: Record<string, string | boolean | undefined>, positionals: string[]): Promise<void>
}
