import { stringify } from 'yaml'
import type { HelmRelease, HelmReleaseDetails, HelmRevision } from '#shared/contract/helm.ts'
import { errorOf } from '#shared/client/answer-error.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import { hooksOf, readManifest, refOf, withoutSecrets } from './manifest.ts'
import {
  decodeRelease,
  releaseLabels,
  releaseSecretName,
  releaseSecretType,
  type ReleaseLabels,
  type StoredRelease,
} from './release-codec.ts'

/** A release as its user knows it. */
export interface ReleaseRef {
  namespace: string
  name: string
}

/** The Secret of one revision, without its data. */
export interface KeptRevision extends ReleaseLabels {
  namespace: string
  secret: string
  /** Changes with the Secret. */
  version: string
}

const metadataOnly = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json'

/** Query of the Secrets that hold releases. */
const releaseQuery = (name?: string): URLSearchParams =>
  new URLSearchParams({
    labelSelector: name === undefined ? 'owner=helm' : `owner=helm,name=${name}`,
    fieldSelector: `type=${releaseSecretType}`,
  })

/** Path of the Secrets of a namespace, or of all. */
export function releasesPath(namespace: string | undefined, name?: string): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `/api/v1${scope}/secrets?${releaseQuery(name).toString()}`
}

/**
 * Reads releases from their Secrets, by the context alone: no program is needed. What has been read of a Secret is kept
 * until it changes.
 */
export function createReleaseReader(context: KubeContext): ReleaseReader {
  const known = new Map<string, { version: string; revision: HelmRevision }>()

  async function revisions(namespace: string | undefined, name?: string): Promise<KeptRevision[]> {
    const list = (await get(context, releasesPath(namespace, name), metadataOnly)) as { items?: Metadata[] }
    return (list.items ?? []).flatMap(({ metadata }) => {
      const labels = releaseLabels(metadata.labels)
      if (!labels) return []
      const { namespace: where = '', name: secret, uid = '', resourceVersion = '' } = metadata
      return [{ ...labels, namespace: where, secret, version: `${uid}/${resourceVersion}` }]
    })
  }

  async function stored(namespace: string, secret: string): Promise<StoredRelease> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(secret)}`
    const { data } = (await get(context, path)) as { data?: { release?: string } }
    return decodeRelease(data?.release ?? '')
  }

  async function summary(kept: KeptRevision): Promise<HelmRevision> {
    const { namespace, secret, version, revision, status } = kept
    const key = `${namespace}/${secret}`
    const found = known.get(key)
    if (found?.version === version) return found.revision
    const read = await stored(namespace, secret).then(
      (release) => revisionOf(release),
      // One that cannot be read is still there for Helm.
      (): HelmRevision => ({
        ...{ revision, status, chart: '', chartVersion: '', appVersion: '', updated: 0, description: '' },
      }),
    )
    known.set(key, { version, revision: read })
    return read
  }

  return {
    async list(namespaces) {
      const scopes = namespaces.length === 0 ? [undefined] : namespaces
      const kept = (await Promise.all(scopes.map((namespace) => revisions(namespace)))).flat()
      const gone = new Set(known.keys())
      for (const { namespace, secret } of kept) gone.delete(`${namespace}/${secret}`)
      for (const key of gone) known.delete(key)
      const releases: HelmRelease[] = []
      for (const newest of newestOf(kept))
        releases.push({ ...(await summary(newest)), namespace: newest.namespace, name: newest.name })
      return releases
    },
    async history({ namespace, name }) {
      const kept = await revisions(namespace, name)
      const all = await Promise.all(kept.map(summary))
      return all.sort((a, b) => b.revision - a.revision)
    },
    async stored({ namespace, name }, revision) {
      const wanted = revision ?? newestOf(await revisions(namespace, name))[0]?.revision
      if (wanted === undefined) throw new Error(`there is no release ${name} in ${namespace}`)
      return stored(namespace, releaseSecretName(name, wanted))
    },
  }
}

export interface ReleaseReader {
  /** The newest revision of each release. @param namespaces none = all @throws ApiError */
  list(namespaces: readonly string[]): Promise<HelmRelease[]>
  /** Newest first. */
  history(release: ReleaseRef): Promise<HelmRevision[]>
  /** All of one revision; of the newest when unset. */
  stored(release: ReleaseRef, revision?: number): Promise<StoredRelease>
}

/** The newest revision of each release, by namespace and name. */
export function newestOf(kept: readonly KeptRevision[]): KeptRevision[] {
  const newest = new Map<string, KeptRevision>()
  for (const each of kept) {
    const key = `${each.namespace}/${each.name}`
    if ((newest.get(key)?.revision ?? 0) < each.revision) newest.set(key, each)
  }
  return [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
}

export function revisionOf({ version, info, chart }: StoredRelease): HelmRevision {
  const { name, version: chartVersion, appVersion } = chart?.metadata ?? {}
  const updated = Date.parse(info.last_deployed ?? '')
  return {
    revision: version,
    status: info.status ?? 'unknown',
    ...{ chart: name ?? '', chartVersion: chartVersion ?? '', appVersion: appVersion ?? '' },
    updated: Number.isNaN(updated) ? 0 : updated,
    description: info.description ?? '',
  }
}

/** What the window shows of a release: no value of a Secret. */
export function detailsOf(release: StoredRelease): HelmReleaseDetails {
  const { namespace, name, config, manifest, info, chart } = release
  const { home, description } = chart?.metadata ?? {}
  return {
    ...revisionOf(release),
    ...{ namespace, name },
    objects: readManifest(manifest ?? '').map(refOf),
    hooks: hooksOf(release),
    values: valuesText(config ?? {}),
    manifest: withoutSecrets(manifest ?? ''),
    notes: info.notes ?? '',
    ...(home ? { home } : {}),
    ...(description ? { chartDescription: description } : {}),
    hasChart: hasWholeChart(release),
  }
}

export const valuesText = (values: Record<string, unknown>): string =>
  Object.keys(values).length === 0 ? '' : stringify(values, { lineWidth: 0, version: '1.1' })

/** Charts within the chart are not kept in its release. */
export const hasWholeChart = ({ chart }: StoredRelease): boolean =>
  (chart?.templates ?? []).length > 0 && (chart?.metadata?.dependencies ?? []).length === 0

interface Metadata {
  metadata: {
    namespace?: string
    name: string
    uid?: string
    resourceVersion?: string
    labels?: Record<string, string>
  }
}

/** @throws ApiError */
async function get(context: KubeContext, path: string, accept?: string): Promise<unknown> {
  const { status, body } = await context.request({ method: 'GET', path, accept })
  if (status === 200) return JSON.parse(body) as unknown
  throw errorOf(status, body)
}
