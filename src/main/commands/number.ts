import type { OptionValues } from './command.ts'
import { ExpectedError } from './expected-error.ts'

/** An integer option of the command line. @throws ExpectedError naming the option and its range */
export function number(
  option: string,
  value: OptionValues[string],
  fallback: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return fallback
  const parsed = Number(value)
  if (!Number.isInteger(parsed) || parsed < least || parsed > most)
    throw new ExpectedError(`${option} takes a whole number from ${least} to ${most}, not "${String(value)}"`)
  return parsed
}
