import { contextsTopic, type Contexts } from './contexts.ts'
import { appTopic, type AppTopicOptions } from './app.ts'
import { buildsTopic } from './builds.ts'
import { careTopic, type CareTopicOptions } from './care.ts'
import { clustersTopic } from './clusters.ts'
import { forwardsTopic } from './forwards.ts'
import { helmTopic } from './helm.ts'
import { historyTopic } from './history.ts'
import { implementer } from './implementer.ts'
import { kubeTopic } from './kube.ts'
import { metricsTopic } from './metrics.ts'
import { createOwnPods } from './own-pods.ts'
import { rebuildsTopic } from './rebuilds.ts'
import { takeoversTopic } from './takeovers.ts'
import { yoursTopic } from './yours.ts'
import type { ConfirmedActions } from '#main/yours/confirmed.ts'
import type { YoursStore } from '#main/yours/index.ts'
import type { Builds } from '#main/contexts/builds/index.ts'
import type { AddedFiles } from '#main/contexts/kubeconfig/added-files.ts'
import type { PortForwards } from '#main/contexts/port-forwards/index.ts'
import type { Helm } from '#main/helm/index.ts'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'

/** The contract, implemented: what both carriers (MessagePort and WebSocket) serve. */
export function createRouter({
  app,
  builds,
  clusters,
  contexts,
  addedFiles,
  forwards,
  diagnostics,
  helm,
  yours,
  confirmed,
}: {
  app: AppTopicOptions
  builds: Builds
  clusters: LocalClusters
  contexts: Contexts
  addedFiles: AddedFiles
  forwards: PortForwards
  diagnostics: CareTopicOptions['diagnostics']
  yours: YoursStore
  confirmed: ConfirmedActions
  helm: Helm
}) {
  return implementer.router({
    app: appTopic(app),
    builds: buildsTopic(builds),
    care: careTopic({ clusters, contexts, diagnostics }),
    clusters: clustersTopic(clusters, contexts),
    contexts: contextsTopic(contexts, addedFiles),
    forwards: forwardsTopic(forwards),
    helm: helmTopic(contexts, helm),
    history: historyTopic(contexts),
    kube: kubeTopic(contexts, createOwnPods({ read: app.data.ownPods, write: app.data.saveOwnPods })),
    metrics: metricsTopic(contexts),
    rebuilds: rebuildsTopic(contexts),
    takeovers: takeoversTopic(contexts),
    yours: yoursTopic({ yours, confirmed, contexts }),
  })
}
export type Router = ReturnType<typeof createRouter>
