import { contextsTopic, type Contexts } from './contexts.ts'
import { appTopic, type AppTopicOptions } from './app.ts'
import { clustersTopic } from './clusters.ts'
import { forwardsTopic } from './forwards.ts'
import { historyTopic } from './history.ts'
import { implementer } from './implementer.ts'
import { kubeTopic } from './kube.ts'
import { metricsTopic } from './metrics.ts'
import type { AddedFiles } from '#main/contexts/kubeconfig/added-files.ts'
import type { PortForwards } from '#main/contexts/port-forwards/index.ts'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'

/** The contract, implemented: what both carriers (MessagePort and WebSocket) serve. */
export function createRouter({
  app,
  clusters,
  contexts,
  addedFiles,
  forwards,
}: {
  app: AppTopicOptions
  clusters: LocalClusters
  contexts: Contexts
  addedFiles: AddedFiles
  forwards: PortForwards
}) {
  return implementer.router({
    app: appTopic(app),
    clusters: clustersTopic(clusters),
    contexts: contextsTopic(contexts, addedFiles),
    forwards: forwardsTopic(forwards),
    history: historyTopic(contexts),
    kube: kubeTopic(contexts),
    metrics: metricsTopic(contexts),
  })
}
export type Router = ReturnType<typeof createRouter>
