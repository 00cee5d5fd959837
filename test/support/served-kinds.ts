/** Every kind that a cluster of Slipway serves, for tests of parts that may not reach into its API server. */
export { kinds as servedKinds } from '#main/cluster/apiserver/kinds/index.ts'
