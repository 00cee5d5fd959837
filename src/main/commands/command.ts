import type { ParseArgsConfig } from 'node:util'

/** One command of the command line, declared. */
export interface Command {
  /** `slipway list [--data DIR]` */
  usage: string
  /** One line of the overview. */
  summary: string
  /** What `--help` prints below the usage. */
  help: string
  options: NonNullable<ParseArgsConfig['options']>
  /** Writes its result to stdout. @throws ExpectedError for what the user can mend */
  run(values: Record<string, string | boolean | undefined>, positionals: string[]): Promise<void>
}
