import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { messageOf } from '#shared/base/message-of.ts'
import { defaultConfiguration, type ProfileConfiguration, type SchedulerConfiguration } from './configuration.ts'
import {
  choosePlugins,
  extensionPoints,
  registrationOf,
  type ChosenPlugin,
  type PluginSets,
} from './enabled-plugins.ts'
import { defaultArgs, type PluginArgs } from './plugin-args.ts'
import { argsSchemas, configurationSchema, type ProfileInput } from './schema.ts'

/**
 * The scheduler's configuration from a file, Kubernetes' defaults where there is none.
 * @throws Error of one line, which names the file and the field, where it is not a valid KubeSchedulerConfiguration
 */
export async function readSchedulerConfiguration(file: string): Promise<SchedulerConfiguration> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return defaultConfiguration()
    throw error
  }
  try {
    return configurationOf(text)
  } catch (error) {
    const [line = ''] = messageOf(error).split('\n')
    throw new Error(`${file}: ${line}`, { cause: error })
  }
}

/** @param text YAML or JSON @throws Error that names the first invalid field */
export function configurationOf(text: string): SchedulerConfiguration {
  const input = parsed(configurationSchema, parse(text), [])
  return {
    initialBackoffMs: input.podInitialBackoffSeconds * 1_000,
    maxBackoffMs: input.podMaxBackoffSeconds * 1_000,
    profiles: input.profiles.map((profile, index) =>
      profileOf(profile, ['profiles', index], input.percentageOfNodesToScore),
    ),
  }
}

type Path = readonly PropertyKey[]

function profileOf(profile: ProfileInput, path: Path, percentage: number): ProfileConfiguration {
  const sets = profile.plugins as PluginSets | undefined
  checkPoints(sets, [...path, 'plugins'])
  const plugins = choosePlugins(sets)
  checkNecessary(profile.schedulerName, plugins, path)
  return {
    schedulerName: profile.schedulerName,
    plugins,
    args: argsOf(profile, path),
    percentageOfNodesToScore: profile.percentageOfNodesToScore ?? percentage,
  }
}

/** A point enables only plugins that have something to do at it. */
function checkPoints(sets: PluginSets = {}, path: Path): void {
  for (const [point, own] of Object.entries(extensionPoints)) {
    for (const { name } of sets[point as keyof PluginSets]?.enabled ?? [])
      if (!registrationOf(name)?.points.includes(own))
        throw new Error(`${textOf([...path, point])}: plugin "${name}" does not extend ${point} plugin`)
  }
}

function checkNecessary(name: string, plugins: readonly ChosenPlugin[], path: Path): void {
  const has = (point: 'queueSort' | 'bind'): boolean => plugins.some(({ points }) => points.has(point))
  if (!has('queueSort'))
    throw new Error(
      `${textOf(path)}: only one queue sort plugin required for profile with scheduler name "${name}", but got 0`,
    )
  if (!has('bind'))
    throw new Error(`${textOf(path)}: at least one bind plugin is needed for profile with scheduler name "${name}"`)
}

function argsOf({ pluginConfig }: ProfileInput, path: Path): PluginArgs {
  const args: Record<string, unknown> = { ...defaultArgs }
  for (const [index, { name, args: given }] of pluginConfig.entries()) {
    const schema: z.ZodType | undefined =
      name in argsSchemas ? argsSchemas[name as keyof typeof argsSchemas] : undefined
    const where = [...path, 'pluginConfig', index, 'args']
    if (schema) args[name] = parsed(schema, given ?? {}, where)
    else if (given !== undefined) throw new Error(`${textOf(where)}: plugin "${name}" has no arguments`)
  }
  return args as unknown as PluginArgs
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, path: Path): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = textOf([...path, ...(issue?.path ?? [])])
  throw new Error(where ? `${where}: ${issue?.message ?? ''}` : (issue?.message ?? ''))
}

/** `profiles[0].plugins` */
const textOf = (path: Path): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('')
