import type { ThreadEntries } from '#main/cluster/control-plane.ts'

/** The threads as they lie in the sources, not bundled. */
export const threadEntries: ThreadEntries = {
  store: new URL('../../src/main/cluster/store/log-worker.ts', import.meta.url),
  yaml: new URL('../../src/main/cluster/apiserver/codec/yaml-worker.ts', import.meta.url),
}
