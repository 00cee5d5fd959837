/** The API server's compiler of CEL selectors, for unit tests of parts that may not import the API server. */
export { compileDeviceSelector } from '#main/cluster/apiserver/index.ts'
