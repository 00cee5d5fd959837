import { systemClock } from '#shared/base/clock.ts'
import type { HelmOperation, HelmRelease } from '#shared/contract/helm.ts'
import {
  changesBetween,
  createReleaseReader,
  detailsOf,
  followReleases,
  type FollowedReleases,
  type Helm,
} from '#main/helm/index.ts'
import { contextOf, type Contexts } from './contexts.ts'
import { followChanges } from './follow-changes.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

export function helmTopic(contexts: Contexts, helm: Helm) {
  const topic = implementer.helm
  const find = (id: string) => contextOf(contexts, id)
  return {
    programs: topic.programs.handler(() => helm.programs.list()),
    fetchProgram: topic.fetchProgram.handler(() => helm.programs.fetch()),

    watch: topic.watch.handler(({ input, signal }) =>
      serveStream<{ context: string; namespaces: string[] }, never, WatchDown>(
        input,
        signal,
        async ({ context, namespaces }, port) => {
          let now: FollowedReleases | undefined
          const listeners = new Set<() => void>()
          const stop = followReleases({
            context: find(context),
            namespaces,
            clock: systemClock,
            onChange(releases) {
              now = releases
              listeners.forEach((listener) => listener())
            },
          })
          try {
            await followChanges({
              onChange(listener) {
                listeners.add(listener)
                return helm.operations.onChange(listener)
              },
              async send() {
                if (now) await port.send({ ...now, operations: ofContext(helm.operations.list(), context) })
              },
              signal: port.signal,
            })
          } finally {
            await stop()
          }
        },
      ),
    ),
    release: topic.release.handler(async ({ input: { context, revision, ...release } }) =>
      detailsOf(await createReleaseReader(find(context)).stored(release, revision)),
    ),
    history: topic.history.handler(async ({ input: { context, ...release } }) => ({
      revisions: await createReleaseReader(find(context)).history(release),
    })),
    difference: topic.difference.handler(async ({ input: { context, from, to, ...release } }) => {
      const reader = createReleaseReader(find(context))
      const [before, after] = await Promise.all([reader.stored(release, from), reader.stored(release, to)])
      return { changes: changesBetween(before.manifest ?? '', after.manifest ?? '') }
    }),

    repositories: topic.repositories.handler(async () => ({ repositories: await helm.repositories.list() })),
    addRepository: topic.addRepository.handler(({ input }) => helm.repositories.add(input)),
    removeRepository: topic.removeRepository.handler(({ input }) => helm.repositories.remove(input.name)),
    updateRepositories: topic.updateRepositories.handler(() => helm.repositories.update()),
    signIn: topic.signIn.handler(({ input }) => helm.repositories.signIn(input.host, input.login)),
    search: topic.search.handler(async ({ input }) => ({ charts: await helm.repositories.search(input.text) })),
    versions: topic.versions.handler(async ({ input }) => ({ charts: await helm.repositories.versions(input.chart) })),
    openChart: topic.openChart.handler(({ input }) => helm.openChart(input.source, find)),

    render: topic.render.handler(({ input: { context, ...wanted } }) => helm.render(find(context), wanted)),
    start: topic.start.handler(({ input }) => helm.start(find(input.context), input)),
    follow: topic.follow.handler(({ input, signal }) =>
      serveStream<{ id: string }, never, FollowDown>(input, signal, async ({ id }, port) => {
        const operation = await helm.operations.follow(id, port.signal, (line) => port.send({ line }))
        await port.send({ operation })
      }),
    ),
    cancel: topic.cancel.handler(({ input }) => helm.operations.cancel(input.id)),
    kustomize: topic.kustomize.handler(async ({ input }) => ({ manifest: await helm.kustomize(input.folder) })),
  }
}

type WatchDown = { releases: HelmRelease[]; operations: HelmOperation[]; unread?: string }
type FollowDown = { line: string } | { operation: HelmOperation }

const ofContext = (operations: readonly HelmOperation[], context: string): HelmOperation[] =>
  operations.filter((operation) => operation.context === context)
