import { mkdir, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { systemClock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { createHostEngine, createSnapshots, openCluster, removeLeftovers } from './cluster/index.ts'
import { createBuilds } from './contexts/builds/index.ts'
import { openAppData, type AppData } from './contexts/app-data.ts'
import { followAddedFiles } from './contexts/kubeconfig/added-files.ts'
import { createKubeconfigContexts, type KubeconfigContexts } from './contexts/kubeconfig/index.ts'
import { lockedFailure, readOnly } from './contexts/read-only.ts'
import { openLocalClusters, type LocalClusters } from './contexts/local-clusters.ts'
import type { KubeContext } from './contexts/kube-context.ts'
import { openPortForwards } from './contexts/port-forwards/index.ts'
import { openHelm } from './helm/index.ts'
import type { Installation } from './installation.ts'
import type { ShellRequests } from './rpc/app.ts'
import type { Keychain } from './keys/key-files.ts'
import { openKeyStorage } from './keys/key-storage.ts'
import { writeDiagnostics } from './diagnostics/bundle.ts'
import { diagnosticsSources } from './diagnostics/sources.ts'
import { keepRecent } from './recent-log.ts'
import { confirmedActions, type AskUser } from './yours/confirmed.ts'
import { openYours } from './yours/index.ts'
import { createRouter, type Router } from './rpc/index.ts'
import { contextOf, type Contexts } from './rpc/contexts.ts'
import { createUpdates } from './updates.ts'

/** The back end of the app, shared by the desktop and the headless entry. */
export interface Back {
  clusters: LocalClusters
  data: AppData
  router: Router
  close(workers: 'stop' | 'keep' | 'remove'): Promise<void>
}

export interface BackOptions {
  /** Data folder: clusters, settings, drafts. */
  home: string
  mode: 'desktop' | 'headless'
  installation: Installation
  log: Log
  /** Seals the clusters' keys; they are stored in files of mode 0600 when unset. */
  keychain?: Keychain | undefined
  /** Further metrics of the process, served by every cluster's `/metrics`. */
  metrics?: readonly { text(): string }[]
  shellRequests?: ShellRequests
  quit(clusters: 'stop' | 'keep' | 'cancel'): void | Promise<void>
  /** Asks before one of the user's own actions runs for the first time; the page does when unset. */
  confirmAction?: AskUser | undefined
}

export async function openBack({
  home,
  mode,
  installation,
  log: target,
  keychain,
  metrics = [],
  shellRequests,
  quit,
  confirmAction,
}: BackOptions): Promise<Back> {
  const { log, lines } = keepRecent(target)
  await mkdir(home, { recursive: true, mode: 0o700 })
  const data = await openAppData({ dir: home })
  const keys = await openKeyStorage({ home, keychain })
  const engine = createHostEngine({
    imageContexts: installation.resources,
    // Tests label everything they create, so that it can be removed reliably.
    ...(process.env.SLIPWAY_TEST ? { labels: { 'slipway.dev/test': process.env.SLIPWAY_TEST } } : {}),
  })
  const clusters = await openLocalClusters({
    dir: join(home, 'clusters'),
    open: (options) =>
      openCluster({
        ...options,
        engine,
        agentBundle: installation.agentBundle,
        threads: installation.threads,
        clock: systemClock,
        log,
        keys,
        metrics,
      }),
    snapshots: createSnapshots({
      engine,
      threads: installation.threads,
      keys,
      version: installation.version,
      clock: systemClock,
      log,
    }),
    snapshotsDir: join(home, 'snapshots'),
    keys,
    workerDisk: (cluster) => engine.providerFor(cluster).diskUse(),
    removeLeftovers: (leftovers) => removeLeftovers({ ...leftovers, engine }),
    engine: () => engine.state(),
    requireIpv6: () => engine.requireIpv6(),
    clock: systemClock,
    log,
    version: installation.version,
  })
  const kubeconfig = createKubeconfigContexts({ files: kubeconfigFiles(), log })
  const addedFiles = await followAddedFiles({ data, kubeconfig })
  const contexts = allContexts(clusters, kubeconfig, async (id) => (await data.settings()).readOnly[id] === true)
  const forwards = await openPortForwards({
    contextOf: (id) => contexts.get(id),
    saved: { read: () => data.forwards(), write: (all) => data.saveForwards(all) },
    clock: systemClock,
  })
  const helm = openHelm({ dir: join(home, 'helm'), clock: systemClock })
  const builds = createBuilds({ engine, contextOf: (id) => contextOf(contexts, id), clock: systemClock })
  const yours = await openYours({ dir: home })
  const confirmed = confirmedActions({ file: join(home, 'confirmed-actions.json'), ask: confirmAction })
  const router = createRouter({
    app: {
      info: { version: installation.version, mode, platform: process.platform, dataFolder: home },
      data,
      updates: createUpdates({
        feed: process.env.SLIPWAY_UPDATES ?? installation.updates,
        version: installation.version,
        isWanted: async () => (await data.settings()).updates,
        fetch: globalThis.fetch,
        now: Date.now,
      }),
      samples: () => readSamples(join(installation.resources, 'manifests/samples')),
      shellRequests: shellRequests ?? { onRequest: () => () => undefined },
      quit,
    },
    builds,
    clusters,
    contexts,
    addedFiles,
    forwards,
    helm,
    diagnostics: ({ file, ...order }) =>
      writeDiagnostics(
        diagnosticsSources({ home, mode, version: installation.version, clusters, data, keys, log: lines }),
        { ...order, file: file ?? join(home, 'diagnostics', `slipway-${Date.now()}.tar.gz`) },
      ),
    yours,
    confirmed,
  })
  return {
    clusters,
    data,
    router,
    async close(workers) {
      await helm.close()
      await yours.stop()
      await forwards.close()
      await kubeconfig.stop()
      await clusters.close(workers)
    },
  }
}

/** Local clusters first, then the contexts of the user's kubeconfig files; those that the user has locked refuse writes. */
function allContexts(
  clusters: LocalClusters,
  kubeconfig: KubeconfigContexts,
  isReadOnly: (id: string) => Promise<boolean>,
): Contexts {
  const guarded = new WeakMap<KubeContext, KubeContext>()
  return {
    async list() {
      const local = clusters.list().flatMap(({ context }) => (context ? [clusters.context(context)] : []))
      const all = [...local.filter((context) => context !== undefined), ...(await kubeconfig.list())]
      return { contexts: all.map(({ info }) => info), problems: kubeconfig.problems() }
    },
    get(id) {
      const context = clusters.context(id) ?? kubeconfig.get(id)
      if (!context) return undefined
      const known = guarded.get(context) ?? readOnly(context, () => isReadOnly(id))
      guarded.set(context, known)
      return known
    },
    async requireWritable(id) {
      if (await isReadOnly(id)) throw lockedFailure(id.replace(/^local:/, ''))
    },
    onChange(listener) {
      const stops = [clusters.onChange(listener), kubeconfig.onChange(listener)]
      return () => Promise.all(stops.map(async (stop) => stop())).then(() => undefined)
    },
  }
}

/** The files that kubectl would read. */
const kubeconfigFiles = (): string[] =>
  process.env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [join(homedir(), '.kube/config')]

/** Sample manifests; the first comment lines of each are its title and description. */
async function readSamples(
  dir: string,
): Promise<{ name: string; title: string; description: string; manifest: string }[]> {
  const files = (await readdir(dir)).filter((file) => file.endsWith('.yaml')).sort()
  return Promise.all(
    files.map(async (file) => {
      const manifest = await readFile(join(dir, file), 'utf8')
      const comments = (/^(?:#.*\n)+/.exec(manifest)?.[0] ?? '').split('\n').map((line) => line.replace(/^#\s?/, ''))
      const name = file.replace(/\.yaml$/, '')
      return { name, title: comments[0] ?? name, description: comments.slice(1).join(' ').trim(), manifest }
    }),
  )
}
