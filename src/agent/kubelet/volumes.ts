import { chmod, chown, mkdir, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import type { ConfigMap, Container, KeyToPath, Pod, Secret, Volume } from '#shared/kube/generated/types.ts'
import { isRecursivelyReadOnly } from '#shared/kube/kubelet/recursive-read-only.ts'
import type { Stored } from '#shared/kube/object.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import { volumeFolderOf } from '#shared/kube/cluster-volumes.ts'
import { blockDevice, requireUse } from './block-volumes.ts'
import { ensureVolumeFolder } from './cluster-volumes.ts'
import { BadContainerConfig } from './pod/container-plan.ts'
import { expand, podField, resourceField, type Sources } from './environment.ts'
import { writeAtomically, type VolumeFile } from './files/atomic-writer.ts'
import { HostPathRefused, openHostPath } from './files/host-path.ts'
import { giveToFsGroup } from './fs-group.ts'
import { bindTo, removeTrees, type Mounts } from './files/mounts.ts'
import { isBeneath, openBeneath, openFolderAnd, UnsafePath, type OpenedPath } from './files/safe-path.ts'
import { hugePagesMount } from './huge-pages.ts'
import { MountFailed } from './mount-failed.ts'
import { mountNfs, type NfsSource } from './nfs.ts'
import type { Mount } from './runtime/runtime.ts'
import { isBlock, type CsiSource, type CsiVolumes } from './csi/volumes.ts'
import type { IssueToken } from './csi/pod-context.ts'
import { memoryFolder, podFolder, volumeFolder } from './volume-folders.ts'

export interface VolumeSources extends Sources {
  /** Requests a token for the pod's service account by TokenRequest. */
  serviceAccountToken(audience: string | undefined, expirationSeconds: number): Promise<string>
  /** What is behind a claim. @throws MountFailed while it is not bound, or when its volume is of no supported type */
  claimed(claimName: string): Promise<ClaimedVolume>
  /** Requests a token for a CSI driver. */
  issueToken: IssueToken
}

/** The volume of a claim: a folder or a block device of this node, or something that is mounted first. */
export type ClaimedVolume =
  { folder: ClaimedFolder } | { device: string } | { csi: CsiSource } | { nfs: NfsSource; name: string }

export interface ClaimedFolder {
  path: string
  /** As of a hostPath volume. */
  type: string
  /** A local volume: it must be there before, and its files get the pod's fsGroup. */
  isLocal: boolean
}

/** The folders of a worker's volumes. */
export interface VolumeHost {
  /** `/var/lib/kubelet` */
  root: string
  /** Whether mounts can be read-only with all that is mounted beneath; they cannot, when unset. */
  recursiveReadOnly?: boolean
  mounts: Mounts
  /** Unset where no CSI drivers are run. */
  csi?: CsiVolumes | undefined
}

/**
 * Creates or updates every volume of the pod. @returns `live`: some change over time and need refreshing @throws
 * MountFailed
 */
export async function setUpVolumes(
  host: VolumeHost,
  pod: Stored<Pod>,
  sources: VolumeSources,
): Promise<{ live: boolean }> {
  const uid = pod.metadata.uid
  const volumes = pod.spec?.volumes ?? []
  await mkdir(join(podFolder(host.root, uid), 'volumes'), { recursive: true, mode: 0o750 })
  await Promise.all(volumes.map((volume) => setUp(host, volumeFolder(host.root, uid, volume), volume, pod, sources)))
  return {
    live:
      (await host.csi?.has(uid)) === true ||
      volumes.some(({ configMap, secret, projected, downwardAPI }) => configMap ?? secret ?? projected ?? downwardAPI),
  }
}

/**
 * Detaches everything mounted in the pod's folders, then removes them. @throws Error when something stays mounted;
 * nothing is removed then
 */
export async function tearDownVolumes(host: VolumeHost, uid: string): Promise<void> {
  if (!uid) return
  await unmountVolumes(host, uid)
  await removeTrees(podFolder(host.root, uid), join(memoryFolder(host.root), uid))
}

async function unmountVolumes({ root, mounts, csi }: VolumeHost, uid: string): Promise<void> {
  if (csi) {
    // A driver's own unmount fails while a container's mount of it is left.
    await mounts.unmountAll(join(podFolder(root, uid), 'volume-subpaths'))
    await csi.unmountPod(uid)
  }
  await mounts.unmountAll(podFolder(root, uid))
}

/**
 * Removes the volumes of a pod that has ended, whose object stays: what it wrote to memory and to the disk is free again
 * (kubelet: volumes of ended pods are unmounted). Its termination messages stay. @throws Error when something stays mounted
 */
export async function removeVolumes(host: VolumeHost, uid: string): Promise<void> {
  await unmountVolumes(host, uid)
  await removeTrees(join(podFolder(host.root, uid), 'volumes'), join(memoryFolder(host.root), uid))
}

/** Uids of the pods with folders on this worker, existing or not. */
export async function podsWithVolumes(root: string): Promise<string[]> {
  const list = (folder: string): Promise<string[]> => readdir(folder).catch((): string[] => [])
  return [...new Set([...(await list(join(root, 'pods'))), ...(await list(memoryFolder(root)))])]
}

/**
 * The mounts of a container, in the order of its spec. Every path that a pod can change is opened here and bound to a
 * folder of the kubelet, which the engine gets.
 * @throws BadContainerConfig
 */
export async function mountsOf(
  host: VolumeHost,
  pod: Stored<Pod>,
  container: Container,
  env: ReadonlyMap<string, string>,
): Promise<Mount[]> {
  const { recursiveReadOnly = false } = host
  const mounts = (container.volumeMounts ?? []).map(async (mount, index): Promise<Mount> => {
    if (mount.recursiveReadOnly === 'Enabled' && !recursiveReadOnly)
      throw new BadContainerConfig(
        `failed to resolve recursive read-only mode: volume "${mount.name}" requested recursive read-only mode, but it is not supported by the runtime`,
      )
    const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name) ?? { name: mount.name }
    const readOnlyVolume = volume.configMap ?? volume.secret ?? volume.projected ?? volume.downwardAPI ?? volume.image
    const propagation = propagations[mount.mountPropagation ?? 'None'] ?? 'rprivate'
    const { source, isShared } = await mountSource(host, pod, container, { volume, mount, index, env })
    return {
      source,
      target: mount.mountPath,
      readOnly:
        mount.readOnly === true || readOnlyVolume !== undefined || volume.persistentVolumeClaim?.readOnly === true,
      ...(isRecursivelyReadOnly(mount, recursiveReadOnly) ? { recursive: true } : {}),
      // The engine refuses private mounts of folders in or around its own: they would keep its mounts busy.
      propagation: isShared && propagation === 'rprivate' ? 'rslave' : propagation,
    }
  })
  return Promise.all(mounts)
}

const propagations: Record<string, Mount['propagation']> = {
  None: 'rprivate',
  HostToContainer: 'rslave',
  Bidirectional: 'rshared',
}

interface MountRequest {
  volume: Volume
  mount: NonNullable<Container['volumeMounts']>[number]
  /** Index in the container's list; names its mount point. */
  index: number
  env: ReadonlyMap<string, string>
}

async function mountSource(
  { root, mounts }: VolumeHost,
  pod: Stored<Pod>,
  container: Container,
  { volume, mount, index, env }: MountRequest,
): Promise<{ source: string; isShared?: boolean }> {
  const uid = pod.metadata.uid
  const folder = volumeFolder(root, uid, volume)
  const sub = subPathOf(mount, env)
  const hostFolder = await readlink(folder).catch(() => undefined)
  if (!sub && hostFolder === undefined) return { source: folder }
  const target = join(podFolder(root, uid), 'volume-subpaths', mount.name, container.name, String(index))
  let opened: OpenedPath | undefined
  let below: OpenedPath | undefined
  try {
    if (hostFolder !== undefined)
      opened = await openHostPath(hostFolder, volume.hostPath?.type ?? '', {
        links: volume.hostPath ? 'trusted' : 'owned',
      })
    const path = opened && `/${opened.names.join('/')}`
    const isShared = path !== undefined && (isBeneath(engineFolder, path) || isBeneath(path, engineFolder))
    if (sub) {
      const rootNames = [
        folder,
        ...(path === undefined ? [] : [path]),
        ...(hostFolder === undefined ? [] : [hostFolder]),
      ]
      below = opened
        ? await openSubPath(opened, sub, rootNames)
        : await openFolderAnd(folder, async (handle) =>
            openSubPath({ handle, stats: await handle.stat() }, sub, rootNames),
          )
      await bindTo(mounts, below, target, { recursive: false })
      return { source: target, isShared }
    }
    if (!opened || path === undefined) return { source: folder }
    // A folder that contains the kubelet's cannot be bound into it recursively; only root can change this path.
    if (isBeneath(target, path)) return { source: path, isShared }
    await bindTo(mounts, opened, target, { recursive: true })
    return { source: target, isShared }
  } catch (error) {
    // The system's reason could disclose the node's files, so it is not passed on (kubelet: makeMounts).
    const detail = error instanceof UnsafePath ? `: subPath "${sub ?? ''}" ${error.message}` : ''
    throw error instanceof HostPathRefused
      ? new BadContainerConfig(error.message)
      : new BadContainerConfig(
          `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"${detail}`,
        )
  } finally {
    await opened?.handle.close()
    await below?.handle.close()
  }
}

/** The inner engine's mounts. */
const engineFolder = '/var/lib/docker'

/** @returns undefined for the whole volume @throws BadContainerConfig with the kubelet's message (makeMounts) */
function subPathOf(
  { subPath, subPathExpr }: MountRequest['mount'],
  env: ReadonlyMap<string, string>,
): string | undefined {
  const sub = subPathExpr ? expandAll(subPathExpr, env) : subPath
  if (!sub) return undefined
  if (sub.startsWith('/')) throw new BadContainerConfig(`error SubPath \`${sub}\` must not be an absolute path`)
  if (sub.split('/').includes('..'))
    throw new BadContainerConfig(`unable to provision SubPath \`${sub}\`: must not contain '..'`)
  return sub
}

/** @throws BadContainerConfig for a variable that the container does not have (kubelet: ExpandContainerVolumeMounts) */
function expandAll(text: string, env: ReadonlyMap<string, string>): string {
  const missing = new Set<string>()
  const expanded = expand(text, env, (name) => missing.add(name))
  const [first] = missing
  if (first !== undefined) throw new BadContainerConfig(`missing value for "${first}"`)
  return expanded
}

/** Creates a missing folder with the mode of the volume's root, whatever the umask (kubelet: SafeMakeDir). */
const openSubPath = (
  { handle, stats }: Pick<OpenedPath, 'handle' | 'stats'>,
  sub: string,
  rootNames: readonly string[],
): Promise<OpenedPath> =>
  openBeneath(handle, sub, {
    links: 'beneath',
    rootNames,
    create: { last: 'directory', mode: stats.mode & 0o2777, parents: true },
  })

async function setUp(
  host: VolumeHost,
  folder: string,
  volume: Volume,
  pod: Stored<Pod>,
  sources: VolumeSources,
): Promise<void> {
  if (volume.emptyDir) return emptyDir(host, folder, volume.emptyDir, pod)
  if (volume.hostPath) return hostPath(folder, volume.hostPath.path, volume.hostPath.type ?? '')
  if (volume.configMap) {
    const { name = '', items, optional, defaultMode } = volume.configMap
    return writeFiles(folder, configMapFiles(await sources.configMap(name), name, items, optional), defaultMode, pod)
  }
  if (volume.secret) {
    const { secretName: name = '', items, optional, defaultMode } = volume.secret
    return writeFiles(folder, secretFiles(await sources.secret(name), name, items, optional), defaultMode, pod)
  }
  if (volume.downwardAPI) {
    const { items, defaultMode } = volume.downwardAPI
    return writeFiles(folder, downwardFiles(pod, items ?? [], sources), defaultMode, pod)
  }
  if (volume.projected) return projected(folder, volume.projected, pod, sources)
  if (volume.persistentVolumeClaim) {
    const { claimName, readOnly = false } = volume.persistentVolumeClaim
    const behind = await sources.claimed(claimName)
    requireUse(pod, volume, isBlockVolume(behind))
    return claimed(host, folder, { volume: behind, readOnly, pod, sources })
  }
  if (volume.ephemeral) {
    const behind = await sources.claimed(`${pod.metadata.name}-${volume.name}`)
    requireUse(pod, volume, isBlockVolume(behind))
    return claimed(host, folder, { volume: behind, readOnly: false, pod, sources })
  }
  if (volume.csi) {
    const csi: CsiSource = { inline: volume.csi, name: volume.name }
    return claimed(host, folder, { volume: { csi }, readOnly: volume.csi.readOnly ?? false, pod, sources })
  }
  if (volume.nfs) {
    const { nfs, name } = volume
    return claimed(host, folder, { volume: { nfs, name }, readOnly: nfs.readOnly ?? false, pod, sources })
  }
  // Mounted by the first container that uses it: images are fetched beside the pod's loop.
  if (volume.image) return void (await mkdir(folder, { recursive: true, mode: 0o755 }))
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'
  throw new MountFailed(`volume "${volume.name}": volumes of type ${kind} are not supported by Slipway yet`)
}

async function emptyDir(
  { mounts }: VolumeHost,
  folder: string,
  source: NonNullable<Volume['emptyDir']>,
  pod: Pod,
): Promise<void> {
  const { fsGroup } = pod.spec?.securityContext ?? {}
  const found = await stat(folder).catch(() => undefined)
  const pages = source.medium?.startsWith('HugePages') ? hugePagesMount(pod, source.medium) : undefined
  const inMemory = source.medium === 'Memory' || pages !== undefined
  // After a stop of the worker the tmpfs is empty, while the pod's folder still exists.
  if (found && (!inMemory || found.dev !== (await stat(dirname(folder))).dev)) return
  await mkdir(folder, { recursive: true })
  if (pages !== undefined) await mounts.hugePages(folder, `${pages},mode=1777`)
  else if (inMemory) {
    const size = source.sizeLimit ? `,size=${quantityValue(source.sizeLimit)}` : ''
    await mounts.tmpfs(folder, `mode=1777${size}`)
  }
  if (fsGroup !== undefined) await chown(folder, -1, fsGroup)
  await chmod(folder, fsGroup === undefined ? 0o777 : 0o2777)
}

/** What is mounted for the pod. The folder of a provisioned volume is created when it is mounted first. */
async function claimed(
  host: VolumeHost,
  folder: string,
  {
    volume,
    readOnly,
    pod,
    sources,
  }: { volume: ClaimedVolume; readOnly: boolean; pod: Stored<Pod>; sources: VolumeSources },
): Promise<void> {
  if ('csi' in volume) {
    if (!host.csi) throw new MountFailed('CSI drivers are not supported here')
    const mounted = await host.csi.mount(pod, volume.csi, { readOnly, issueToken: sources.issueToken })
    return isBlock(volume.csi) ? record(folder, await blockDevice(mounted)) : hostPath(folder, mounted, 'Directory')
  }
  if ('device' in volume) return record(folder, await blockDevice(volume.device))
  if ('nfs' in volume) {
    const target = join(podFolder(host.root, pod.metadata.uid), 'volumes/kubernetes.io~nfs', volume.name)
    await mountNfs(host.mounts, volume.nfs, target)
    return hostPath(folder, target, 'Directory')
  }
  const { path, type, isLocal } = volume.folder
  if (!isLocal) return hostPath(folder, path, type, 'owned')
  const own = volumeFolderOf(path)
  if (own) await ensureVolumeFolder(own)
  await giveToFsGroup(path, pod)
  await hostPath(folder, path, type, 'owned')
}

/** Checks or creates the path, and records it: each container opens it again and mounts what it has opened. */
async function hostPath(
  folder: string,
  path: string,
  type: string,
  links: 'trusted' | 'owned' = 'trusted',
): Promise<void> {
  try {
    const { handle } = await openHostPath(path, type, { links })
    await handle.close()
  } catch (error) {
    throw error instanceof HostPathRefused ? new MountFailed(error.message) : error
  }
  await record(folder, path)
}

const isBlockVolume = (volume: ClaimedVolume): boolean => 'device' in volume || ('csi' in volume && isBlock(volume.csi))

/** Keeps what a volume is in the pod's folder, as a link. */
async function record(folder: string, path: string): Promise<void> {
  const text = normalize(path)
  if ((await readlink(folder).catch(() => undefined)) === text) return
  await rm(`${folder}.next`, { force: true })
  await symlink(text, `${folder}.next`)
  await rename(`${folder}.next`, folder)
}

function writeFiles(
  folder: string,
  files: readonly VolumeFile[],
  defaultMode: number | undefined,
  pod: Pod,
): Promise<void> {
  const fsGroup = pod.spec?.securityContext?.fsGroup
  return writeAtomically(folder, files, { defaultMode: defaultMode ?? 0o644, fsGroup })
}

function configMapFiles(
  map: ConfigMap | undefined,
  name: string,
  items: KeyToPath[] | undefined,
  optional?: boolean,
): VolumeFile[] {
  if (!map) {
    if (optional) return []
    throw new MountFailed(`configmap "${name}" not found`)
  }
  const content = new Map([
    ...Object.entries(map.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const),
    ...Object.entries(map.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  ])
  return chosen(content, items, optional, `configmap references non-existent config key`)
}

function secretFiles(
  secret: Secret | undefined,
  name: string,
  items: KeyToPath[] | undefined,
  optional?: boolean,
): VolumeFile[] {
  if (!secret) {
    if (optional) return []
    throw new MountFailed(`secret "${name}" not found`)
  }
  const content = new Map(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  )
  return chosen(content, items, optional, `references non-existent secret key`)
}

function chosen(
  content: Map<string, Buffer>,
  items: KeyToPath[] | undefined,
  optional: boolean | undefined,
  missing: string,
): VolumeFile[] {
  if (!items) return [...content].map(([path, bytes]) => ({ path, content: bytes }))
  return items.flatMap(({ key, path, mode }) => {
    const bytes = content.get(key)
    if (!bytes) {
      if (optional) return []
      throw new MountFailed(`${missing}: ${key}`)
    }
    return [{ path, content: bytes, ...(mode === undefined ? {} : { mode }) }]
  })
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number]

function downwardFiles(pod: Stored<Pod>, items: readonly DownwardItem[], sources: VolumeSources): VolumeFile[] {
  return items.map(({ path, fieldRef, resourceFieldRef, mode }) => {
    const [container] = pod.spec?.containers ?? []
    const text = fieldRef
      ? podField(pod, fieldRef.fieldPath, sources)
      : resourceFieldRef && container
        ? resourceField(pod, container, resourceFieldRef, sources)
        : ''
    return { path, content: Buffer.from(text), ...(mode === undefined ? {} : { mode }) }
  })
}

async function projected(
  folder: string,
  source: NonNullable<Volume['projected']>,
  pod: Stored<Pod>,
  sources: VolumeSources,
): Promise<void> {
  const files: VolumeFile[] = []
  for (const { configMap, secret, downwardAPI, serviceAccountToken, ...others } of source.sources ?? []) {
    const [other] = Object.keys(others)
    if (other) throw new MountFailed(`projected volumes of ${other} are not supported by Slipway yet`)
    if (configMap)
      files.push(
        ...configMapFiles(
          await sources.configMap(configMap.name ?? ''),
          configMap.name ?? '',
          configMap.items,
          configMap.optional,
        ),
      )
    if (secret)
      files.push(
        ...secretFiles(await sources.secret(secret.name ?? ''), secret.name ?? '', secret.items, secret.optional),
      )
    if (downwardAPI) files.push(...downwardFiles(pod, downwardAPI.items ?? [], sources))
    if (serviceAccountToken) {
      const token = await sources.serviceAccountToken(
        serviceAccountToken.audience,
        serviceAccountToken.expirationSeconds ?? 3600,
      )
      files.push({ path: serviceAccountToken.path, content: Buffer.from(token), ...tokenOwner(pod) })
    }
  }
  await writeFiles(folder, files, source.defaultMode, pod)
}

/**
 * A token belongs to the one user that all containers run as; with an fsGroup to root and that group. Without either,
 * every user of the pod may read it (kubelet: projected.go, FsUserFrom).
 */
function tokenOwner({ spec }: Pod): { mode?: number; uid?: number } {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const [first, ...others] = new Set(
    all.map(({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser),
  )
  const uid = others.length === 0 ? first : undefined
  if (uid === undefined && spec?.securityContext?.fsGroup === undefined) return {}
  return { mode: 0o600, ...(uid === undefined ? {} : { uid }) }
}
