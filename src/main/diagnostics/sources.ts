import { join } from 'node:path'
import type { AppData } from '#main/contexts/app-data.ts'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'
import { keyFilesIn, type KeyFiles } from '#main/keys/key-files.ts'
import type { DiagnosticsSources } from './bundle.ts'

/** Lines of a worker's agent, and of a container. */
const workerLines = 2_000
const podLines = 500
/** Of a container, however long its lines are. */
const podBytes = 500_000

/** What of the app and its clusters a diagnostics bundle is made of. */
export function diagnosticsSources({
  home,
  mode,
  version,
  clusters,
  data,
  keys,
  log,
}: {
  home: string
  mode: string
  version: string
  clusters: LocalClusters
  data: Pick<AppData, 'settings'>
  keys: KeyFiles
  log(): readonly string[]
}): DiagnosticsSources {
  const isRunning = (name: string): boolean => clusters.list().some((each) => each.name === name && each.context)
  return {
    version,
    mode,
    log,
    engine: () => clusters.engine(),
    settings: () => data.settings(),
    clusters: () => clusters.list(),
    objects: (name) => (isRunning(name) ? clusters.running(name).objects().entries : undefined),
    workerLog: async (name, worker) => clusters.running(name).workerOutput(worker, workerLines),
    async podLog(name, { namespace, name: pod, container }) {
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${container}&tailLines=${podLines}&limitBytes=${podBytes}`
      const answer = await clusters.context(`local:${name}`)?.request({ method: 'GET', path })
      if (answer?.status !== 200) throw new Error(`status ${answer?.status ?? 0}`)
      return answer.body
    },
    async secrets() {
      const dirs = clusters.list().map(({ name }) => join(home, 'clusters', name))
      const files = (await Promise.all(dirs.map(keyFilesIn))).flat()
      const contents = await Promise.all(files.map((file) => keys.read(file).catch(() => undefined)))
      return contents.flatMap((content) => (content ? [content.toString()] : []))
    },
  }
}
