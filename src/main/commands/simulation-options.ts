import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { simulation, type Simulation } from '#shared/contract/clusters.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { OptionValues } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { number } from './number.ts'

/**
 * What is simulated, from `--simulation FILE`, `--zones N` and any number of `--simulate SETTING=VALUE`, which come
 * before what the file says. @throws ExpectedError naming what is wrong
 */
export async function simulationFrom(values: OptionValues): Promise<Simulation | undefined> {
  const { zones, simulation: file } = values
  const simulate = Array.isArray(values.simulate) ? values.simulate : []
  if (zones === undefined && file === undefined && simulate.length === 0) return undefined
  if (values.simulated === undefined)
    throw new ExpectedError('--simulation, --simulate and --zones belong to simulated workers: add --simulated N')
  const given = file === undefined ? {} : await fileOf(String(file))
  const { pods, ...rest } = given
  return checked(
    {
      ...rest,
      ...(zones === undefined ? {} : { zones: number('--zones', zones, 3, 0, 1_000) }),
      pods: { ...(pods as object | undefined), ...settingsOf(simulate) },
    },
    '--simulate',
  )
}

async function fileOf(path: string): Promise<Record<string, unknown>> {
  let value: unknown
  try {
    value = parse(await readFile(path, 'utf8')) as unknown
  } catch (error) {
    throw new ExpectedError(`--simulation: ${messageOf(error).split('\n')[0] ?? ''}`)
  }
  return checked(value ?? {}, `--simulation ${path}`)
}

function settingsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at <= 0) throw new ExpectedError(`--simulate takes SETTING=VALUE, not "${pair}"`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function checked(value: unknown, origin: string): Simulation {
  const { data, error } = simulation.safeParse(value)
  if (data) return data
  const issue = error.issues[0]
  throw new ExpectedError(`${origin}: ${[...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'invalid'}`)
}
