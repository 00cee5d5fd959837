import type { Contexts } from './kube.ts'
import { appTopic, type AppTopicOptions } from './app.ts'
import { clustersTopic } from './clusters.ts'
import { implementer } from './implementer.ts'
import { kubeTopic } from './kube.ts'
import { metricsTopic } from './metrics.ts'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'

/** The contract, implemented: what both carriers (MessagePort and WebSocket) serve. */
export function createRouter({
  app,
  clusters,
  contexts,
}: {
  app: AppTopicOptions
  clusters: LocalClusters
  contexts: Contexts
}) {
  return implementer.router({
    app: appTopic(app),
    clusters: clustersTopic(clusters),
    kube: kubeTopic(contexts),
    metrics: metricsTopic(contexts),
  })
}
export type Router = ReturnType<typeof createRouter>
