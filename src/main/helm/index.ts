import { z } from 'zod'
import type { Clock } from '#shared/base/clock.ts'
import type { ChartSource, HelmChange, HelmHook, HelmOperation, HelmStart, OpenedChart } from '#shared/contract/helm.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import { actionArguments, renderArguments } from './arguments.ts'
import { createOpenCharts, localPath } from './charts.ts'
import { fetchedHelm, type Fetchable } from './fetch.ts'
import { logText } from './log-text.ts'
import { changesBetween, hooksOf } from './manifest.ts'
import { createHelmOperations, type HelmOperations, type HelmWork } from './operations.ts'
import { ProgramFailed } from './program.ts'
import { createPrograms, type Programs } from './programs.ts'
import { storedHooks } from './release-codec.ts'
import { createReleaseReader } from './releases.ts'
import { createRepositories, type Repositories } from './repositories.ts'

export { changesBetween } from './manifest.ts'
export { followReleases, type FollowedReleases } from './follow-releases.ts'
export { createReleaseReader, detailsOf } from './releases.ts'

/** What the `helm` program does for the window, of any context. Releases are read without it: `createReleaseReader`. */
export interface Helm {
  programs: Pick<Programs, 'list' | 'fetch'>
  repositories: Omit<Repositories, 'pull'>
  operations: Omit<HelmOperations, 'start'>
  /** @param contextOf of the release that it is taken from */
  openChart(source: ChartSource, contextOf: (id: string) => KubeContext): Promise<OpenedChart>
  /** A dry run of an install or upgrade. */
  render(context: KubeContext, wanted: RenderWanted): Promise<Rendered>
  start(context: KubeContext, wanted: HelmStart): HelmOperation
  /** The objects of a folder with a kustomization. */
  kustomize(folder: string): Promise<string>
  close(): Promise<void>
}

export interface RenderWanted {
  action: 'install' | 'upgrade'
  namespace: string
  name: string
  /** Id of an opened chart. */
  chart: string
  values: string
}

export interface Rendered {
  changes: HelmChange[]
  hooks: HelmHook[]
  notes: string
}

/**
 * @param options `dir`: where a fetched program is kept, with its own configuration; `fetchable`: what can be fetched;
 * `env`: the environment, whose PATH is searched
 */
export function openHelm({
  dir,
  clock,
  fetchable = fetchedHelm,
  env = process.env,
}: {
  dir: string
  clock: Clock
  fetchable?: Fetchable
  env?: NodeJS.ProcessEnv
}): Helm {
  const programs = createPrograms({ dir, fetchable, env })
  const { pull, ...repositories } = createRepositories(programs)
  const operations = createHelmOperations({ clock })
  const charts = createOpenCharts()

  return {
    ...{ programs, repositories, operations },
    async openChart(source, contextOf) {
      if ('ref' in source) return charts.open(source, pull)
      const { context, ...release } = source.release
      return charts.openStored(await createReleaseReader(contextOf(context)).stored(release))
    },
    async render(context, { chart, values, ...wanted }) {
      const path = charts.pathOf(chart)
      const [text, before] = await Promise.all([
        programs.helmAt(context, () => renderArguments({ ...wanted, chart: path }), { input: values }),
        wanted.action === 'install' ? undefined : createReleaseReader(context).stored(wanted),
      ])
      const { manifest, info, hooks } = renderedRelease.parse(JSON.parse(text))
      return {
        changes: changesBetween(before?.manifest ?? '', manifest ?? ''),
        hooks: hooksOf({ hooks }),
        notes: info?.notes ?? '',
      }
    },
    start(context, wanted) {
      const { action, namespace, name } = wanted
      const path = 'chart' in wanted ? charts.pathOf(wanted.chart) : ''
      return operations.start({ action, context: wanted.context, namespace, name }, (work) =>
        runAction(programs, { context, wanted, path, work }),
      )
    },
    kustomize: (folder) => programs.kubectl(['kustomize', localPath(folder) ?? folder]),
    async close() {
      await operations.close()
      await charts.close()
    },
  }
}

/** Runs an action, whose log is what it says on standard error; the answer of a test, with its logs, is told too. */
async function runAction(
  { helmAt }: Pick<Programs, 'helmAt'>,
  {
    context,
    wanted,
    path,
    work: { signal, say },
  }: { context: KubeContext; wanted: HelmStart; path: string; work: HelmWork },
): Promise<void> {
  const tell = (answer: string): void => {
    if (wanted.action === 'test') answer.trimEnd().split('\n').forEach(say)
  }
  try {
    const answer = await helmAt(context, (dialect) => actionArguments(wanted, path, dialect), {
      input: 'values' in wanted ? wanted.values : '',
      signal,
      timeout: mostOf(wanted.timeout),
      onLine(line) {
        const text = logText(line)
        if (text !== undefined) say(text)
      },
    })
    tell(answer)
  } catch (error) {
    if (error instanceof ProgramFailed) tell(error.output)
    throw error
  }
}

/** Helm waits so many seconds for each step alone, such as its hooks, the objects, and a roll back. @returns ms for all of them */
const mostOf = (timeout: number): number => (4 * timeout + 600) * 1_000

const renderedRelease = z.object({
  manifest: z.string().nullish(),
  info: z.object({ notes: z.string().nullish() }).nullish(),
  hooks: storedHooks,
})
