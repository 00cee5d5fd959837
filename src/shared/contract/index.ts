import { app } from './app.ts'
import { clusters } from './clusters.ts'
import { kube } from './kube.ts'

/** Everything that the face may ask of the back, by topic; `main/rpc` implements it in files of the same names. */
export const contract = { app, clusters, kube }
export type Contract = typeof contract
