import type { ParseArgsConfig } from 'node:util'

/** Values by option; a list for options that may be repeated. */
export type OptionValues = Record<string, string | boolean | string[] | undefined>

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
  run(values: OptionValues, positionals: string[]): Promise<void>
}
