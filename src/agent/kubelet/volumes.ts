import { execFile } from 'node:child_process'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import type { ConfigMap, Container, KeyToPath, Pod, Secret, Volume } from '#shared/kube/generated/types.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import { expand, podField, resourceField, type Sources } from './environment.ts'
import type { Mount } from './runtime/runtime.ts'

/** A volume cannot be mounted yet: the pod stays in ContainerCreating, and is told so in a FailedMount event. */
export class MountFailed extends Error {}

export interface VolumeSources extends Sources {
  /** A token for the pod's service account, as TokenRequest gives it. */
  serviceAccountToken(audience: string | undefined, expirationSeconds: number): Promise<string>
  /** Folder of this node behind a claim; undefined while the claim is not bound, or bound to what has none. */
  hostFolderOf(claimName: string): Promise<string | undefined>
}

/** `/var/lib/kubelet/pods/<uid>` */
export const podFolder = (root: string, uid: string): string => join(root, 'pods', uid)
const volumeFolder = (root: string, uid: string, volume: string): string =>
  join(podFolder(root, uid), 'volumes', volume)

/** Makes or refreshes every volume of the pod. @returns whether some change over time, and want to be refreshed @throws MountFailed */
export async function setUpVolumes(root: string, pod: Pod, sources: VolumeSources): Promise<{ live: boolean }> {
  const uid = pod.metadata.uid ?? ''
  await mkdir(join(podFolder(root, uid), 'volumes'), { recursive: true })
  await Promise.all(
    (pod.spec?.volumes ?? []).map((volume) => setUp(volumeFolder(root, uid, volume.name), volume, pod, sources)),
  )
  return {
    live: (pod.spec?.volumes ?? []).some(
      ({ configMap, secret, projected, downwardAPI }) => configMap ?? secret ?? projected ?? downwardAPI,
    ),
  }
}

/** Removes the pod's folder; memory volumes are unmounted first, and nothing outside the folder is followed. */
export async function tearDownVolumes(root: string, uid: string): Promise<void> {
  const volumes = join(podFolder(root, uid), 'volumes')
  for (const name of await readdir(volumes).catch((): string[] => []))
    if (!(await lstat(join(volumes, name))).isSymbolicLink())
      await run('umount', ['-l', join(volumes, name)]).catch(() => undefined)
  await rm(podFolder(root, uid), { recursive: true, force: true })
}

/** The mounts of a container, in the order that its spec gives. */
export async function mountsOf(
  root: string,
  pod: Pod,
  container: Container,
  env: ReadonlyMap<string, string>,
): Promise<Mount[]> {
  const uid = pod.metadata.uid ?? ''
  const mounts = (container.volumeMounts ?? []).map(async (mount): Promise<Mount> => {
    const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name)
    const base = volume?.hostPath ? volume.hostPath.path : volumeFolder(root, uid, mount.name)
    const sub = mount.subPathExpr ? expand(mount.subPathExpr, env) : mount.subPath
    const source = sub ? await subPath(base, sub) : base
    const readOnlyVolume = volume?.configMap ?? volume?.secret ?? volume?.projected ?? volume?.downwardAPI
    return {
      source,
      target: mount.mountPath,
      readOnly:
        mount.readOnly === true || readOnlyVolume !== undefined || volume?.persistentVolumeClaim?.readOnly === true,
      propagation: propagations[mount.mountPropagation ?? 'None'] ?? 'rprivate',
    }
  })
  return Promise.all(mounts)
}

const propagations: Record<string, Mount['propagation']> = {
  None: 'rprivate',
  HostToContainer: 'rslave',
  Bidirectional: 'rshared',
}

async function subPath(base: string, sub: string): Promise<string> {
  const path = normalize(join(base, sub))
  if (sub.split('/').includes('..') || !path.startsWith(normalize(base)))
    throw new MountFailed(`subPath "${sub}" leaves its volume`)
  await stat(path).catch(() => mkdir(path, { recursive: true, mode: 0o755 }))
  return path
}

async function setUp(folder: string, volume: Volume, pod: Pod, sources: VolumeSources): Promise<void> {
  const fsGroup = pod.spec?.securityContext?.fsGroup
  if (volume.emptyDir) return emptyDir(folder, volume.emptyDir, fsGroup)
  if (volume.hostPath) return hostPath(volume.hostPath.path, volume.hostPath.type ?? '')
  if (volume.configMap) {
    const { name = '', items, optional, defaultMode } = volume.configMap
    return writeFiles(
      folder,
      configMapFiles(await sources.configMap(name), name, items, optional),
      defaultMode ?? 0o644,
      fsGroup,
    )
  }
  if (volume.secret) {
    const { secretName: name = '', items, optional, defaultMode } = volume.secret
    return writeFiles(
      folder,
      secretFiles(await sources.secret(name), name, items, optional),
      defaultMode ?? 0o644,
      fsGroup,
    )
  }
  if (volume.downwardAPI) {
    const { items, defaultMode } = volume.downwardAPI
    return writeFiles(folder, downwardFiles(pod, items ?? [], sources), defaultMode ?? 0o644, fsGroup)
  }
  if (volume.projected) return projected(folder, volume.projected, pod, sources)
  if (volume.persistentVolumeClaim) return claimed(folder, volume.persistentVolumeClaim.claimName, sources)
  if (volume.ephemeral) return claimed(folder, `${pod.metadata.name ?? ''}-${volume.name}`, sources)
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'
  throw new MountFailed(`volume "${volume.name}": volumes of type ${kind} are not supported by Slipway yet`)
}

async function emptyDir(folder: string, source: NonNullable<Volume['emptyDir']>, fsGroup?: number): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  const inMemory = source.medium === 'Memory'
  // Memory is empty again after a stop of the worker; its folder is still there.
  if (found && (!inMemory || found.dev !== (await stat(dirname(folder))).dev)) return
  await mkdir(folder, { recursive: true })
  if (inMemory) {
    const size = source.sizeLimit ? `,size=${quantityValue(source.sizeLimit)}` : ''
    await run('mount', ['-t', 'tmpfs', '-o', `mode=1777${size}`, 'tmpfs', folder])
  }
  await chmod(folder, fsGroup === undefined ? 0o777 : 0o2777)
  if (fsGroup !== undefined) await chown(folder, -1, fsGroup)
}

/** A claim's volume is a folder of this node: ours is a link to it. */
async function claimed(folder: string, claimName: string, sources: VolumeSources): Promise<void> {
  const path = await sources.hostFolderOf(claimName)
  if (path === undefined)
    throw new MountFailed(`persistentvolumeclaim "${claimName}" is not bound to a folder of this node`)
  await mkdir(path, { recursive: true })
  await symlink(path, folder).catch(ignoreExisting)
}

async function hostPath(path: string, type: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (type === 'DirectoryOrCreate' && !found) await mkdir(path, { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate' && !found) await writeFile(path, '', { mode: 0o644, flag: 'wx' })
  else if (type === '' && !found) await mkdir(path, { recursive: true })
  else if (type.startsWith('Directory') && !found?.isDirectory())
    throw new MountFailed(`hostPath type check failed: ${path} is not a directory`)
  else if (type.startsWith('File') && !found?.isFile())
    throw new MountFailed(`hostPath type check failed: ${path} is not a file`)
  else if (type === 'Socket' && !found?.isSocket())
    throw new MountFailed(`hostPath type check failed: ${path} is not a socket file`)
}

interface VolumeFile {
  path: string
  content: Buffer
  mode?: number
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

function downwardFiles(pod: Pod, items: readonly DownwardItem[], sources: VolumeSources): VolumeFile[] {
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
  pod: Pod,
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
      files.push({ path: serviceAccountToken.path, content: Buffer.from(token) })
    }
  }
  await writeFiles(folder, files, source.defaultMode ?? 0o644, pod.spec?.securityContext?.fsGroup)
}

/**
 * Writes the files as one: a new folder, a link `..data` turned over to it, and a link per file that leads through
 * `..data` (what programs that watch ConfigMaps rely on). Nothing is touched when nothing has changed.
 */
async function writeFiles(
  folder: string,
  files: readonly VolumeFile[],
  defaultMode: number,
  fsGroup?: number,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const wanted = files.map((file) => {
    const mode = file.mode ?? defaultMode
    return { ...file, mode: fsGroup === undefined ? mode : mode | 0o040 }
  })
  if (await holds(join(folder, '..data'), wanted)) return
  const old = await readlink(join(folder, '..data')).catch(() => undefined)
  const next = await mkdtemp(join(folder, `..${new Date().toISOString().slice(0, 19).replace(/[-T:]/g, '_')}.`))
  await chmod(next, 0o755)
  for (const { path, content, mode } of wanted) {
    const file = join(next, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o755 })
    await writeFile(file, content)
    await chmod(file, mode)
    if (fsGroup !== undefined) await chown(file, -1, fsGroup)
  }
  await symlink(basename(next), join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  const tops = new Set(files.map(({ path }) => path.split('/')[0] ?? ''))
  for (const top of tops) await symlink(join('..data', top), join(folder, top)).catch(ignoreExisting)
  for (const name of await readdir(folder))
    if (!name.startsWith('..') && !tops.has(name) && (await lstat(join(folder, name))).isSymbolicLink())
      await rm(join(folder, name))
  if (old) await rm(join(folder, old), { recursive: true, force: true })
}

/** Whether a folder holds these files and no others. */
async function holds(folder: string, files: readonly (VolumeFile & { mode: number })[]): Promise<boolean> {
  try {
    const entries = await readdir(await realpath(folder), { recursive: true, withFileTypes: true })
    if (entries.filter((entry) => entry.isFile()).length !== files.length) return false
    for (const { path, content, mode } of files) {
      const file = join(folder, path)
      if (((await stat(file)).mode & 0o7777) !== mode || !(await readFile(file)).equals(content)) return false
    }
    return true
  } catch {
    return false
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

const run = promisify(execFile)
