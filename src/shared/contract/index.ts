import { app } from './app.ts'
import { builds } from './builds.ts'
import { care } from './care.ts'
import { clusters } from './clusters.ts'
import { contexts } from './contexts.ts'
import { forwards } from './forwards.ts'
import { helm } from './helm.ts'
import { history } from './history.ts'
import { kube } from './kube.ts'
import { metrics } from './metrics.ts'
import { rebuilds } from './rebuilds.ts'
import { takeovers } from './takeovers.ts'
import { yours } from './yours.ts'

/** Every call of the page to the back, by topic; `main/rpc` implements it in files of the same names. */
export const contract = {
  app,
  builds,
  care,
  clusters,
  contexts,
  forwards,
  helm,
  history,
  kube,
  metrics,
  rebuilds,
  takeovers,
  yours,
}
export type Contract = typeof contract
