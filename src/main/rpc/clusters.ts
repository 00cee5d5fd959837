import type { LocalClusters } from '#main/contexts/local-clusters.ts'
import type { RunningCluster } from '#main/cluster/index.ts'
import type { Cluster, Operation } from '#shared/contract/clusters.ts'
import type { Contexts } from './contexts.ts'
import { followChanges } from './follow-changes.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

/** Operations that a locked cluster does not begin again. */
const changing: ReadonlySet<Operation['kind']> = new Set(['delete', 'add-worker', 'remove-worker', 'restore', 'rotate'])

/** What changes a cluster, and not only whether it runs, is refused where the user has locked it. */
export function clustersTopic(local: LocalClusters, contexts: Pick<Contexts, 'requireWritable'>) {
  const requireWritable = (cluster: string): Promise<void> => contexts.requireWritable(`local:${cluster}`)
  const topic = implementer.clusters
  return {
    engine: topic.engine.handler(() => local.engine()),
    watch: topic.watch.handler(({ input, signal }) =>
      serveStream<object, never, { clusters: Cluster[] }>(input, signal, (_open, port) =>
        followChanges({
          onChange: (listener) => local.onChange(listener),
          send: () => port.send({ clusters: local.list() }),
          signal: port.signal,
        }),
      ),
    ),
    create: topic.create.handler(({ input }) => local.create(input)),
    requireIpv6: topic.requireIpv6.handler(() => local.requireIpv6()),
    cancel: topic.cancel.handler(({ input }) => local.cancel(input.name)),
    retry: topic.retry.handler(async ({ input }) => {
      const kind = local.list().find(({ name }) => name === input.name)?.operation?.kind
      if (kind !== undefined && changing.has(kind)) await requireWritable(input.name)
      local.retry(input.name)
    }),
    start: topic.start.handler(({ input }) => local.start(input.name)),
    stop: topic.stop.handler(({ input }) => local.stop(input.name)),
    delete: topic.delete.handler(async ({ input }) => {
      await requireWritable(input.name)
      local.delete(input.name)
    }),
    addWorker: topic.addWorker.handler(async ({ input }) => {
      await requireWritable(input.name)
      return { worker: local.addWorker(input.name, input.worker) }
    }),
    removeWorker: topic.removeWorker.handler(async ({ input }) => {
      await requireWritable(input.cluster)
      local.removeWorker(input.cluster, input.worker)
    }),
    stopWorker: topic.stopWorker.handler(({ input }) => on(input, (c, w) => c.stopWorker(w))),
    startWorker: topic.startWorker.handler(({ input }) => on(input, (c, w) => c.startWorker(w))),
    pauseWorker: topic.pauseWorker.handler(({ input }) => on(input, (c, w) => c.pauseWorker(w))),
    unpauseWorker: topic.unpauseWorker.handler(({ input }) => on(input, (c, w) => c.unpauseWorker(w))),
    killWorker: topic.killWorker.handler(({ input }) => on(input, (c, w) => c.killWorker(w))),
  }

  function on(
    { cluster, worker }: { cluster: string; worker: string },
    act: (cluster: RunningCluster, worker: string) => Promise<void>,
  ): Promise<void> {
    return act(local.running(cluster), worker)
  }
}
