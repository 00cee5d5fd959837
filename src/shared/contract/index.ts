import { app } from './app.ts'
import { clusters } from './clusters.ts'
import { contexts } from './contexts.ts'
import { forwards } from './forwards.ts'
import { history } from './history.ts'
import { kube } from './kube.ts'
import { metrics } from './metrics.ts'

/** Every call of the page to the back, by topic; `main/rpc` implements it in files of the same names. */
export const contract = { app, clusters, contexts, forwards, history, kube, metrics }
export type Contract = typeof contract
