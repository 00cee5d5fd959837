import type { ConfigMap, PersistentVolume, PersistentVolumeClaim, Secret } from '#shared/kube/generated/types.ts'
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  serviceAccounts,
} from '#shared/kube/resources.ts'
import type { Resource } from '#shared/client/client.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { ApiError } from '#shared/kube/status.ts'
import { BadEnvFile, mostEnvFileBytes } from '../env-file.ts'
import { readTail } from '../files/safe-path.ts'
import { MapFailed, MountFailed } from '../mount-failed.ts'
import type { ClaimedVolume, VolumeSources } from '../volumes.ts'
import { volumeFolder } from '../volume-folders.ts'
import { podRef, type PodScope } from './scope.ts'

interface IssuedToken {
  token: string
  expirationTimestamp: string
}

/** A ConfigMap or Secret that was read; without revision, when it does not exist. */
export interface ReadObject {
  resource: Resource
  name: string
  revision: string | undefined
}

/** What the environment and the volumes of one pod are made from: ConfigMaps, Secrets, claims and tokens. */
export class PodSources {
  readonly #scope: PodScope
  readonly #tokens = new Map<string, IssuedToken & { issuedAt: number; renewAt: number }>()

  constructor(scope: PodScope) {
    this.#scope = scope
  }

  /**
   * Sources to make one thing from: each ConfigMap and Secret is read once at most.
   * @param podIps of each family; none when unknown
   * @param onRead told of each, by who follows them; what is followed already is not asked for again
   */
  open(podIps: readonly string[], onRead?: (read: ReadObject) => void): VolumeSources {
    const { client, node, services, watches } = this.#scope
    const { namespace } = podRef(this.#scope.pod())
    const reader = <T extends KubeObject>(resource: Resource<T>) =>
      readOnce<Stored<T>>(async (name) => {
        const followed = onRead && watches?.find(resource, { namespace, name })
        const object = followed
          ? followed.object
          : await client.get(resource, { namespace, name }).catch(undefinedIfMissing)
        onRead?.({ resource, name, revision: object?.metadata.resourceVersion })
        return object
      })
    return {
      configMap: reader<ConfigMap>(configMaps),
      secret: reader<Secret>(secrets),
      envFile: (volume, path) => this.#envFile(volume, path),
      services,
      podIps,
      hostIps: [node.ip, ...(node.ip6 ? [node.ip6] : [])],
      nodeName: node.name,
      node,
      claimed: async (claimName) => {
        const claim = await client.get(persistentVolumeClaims, { namespace, name: claimName }).catch(undefinedIfMissing)
        if (!claim) throw new MountFailed(`persistentvolumeclaim "${claimName}" not found`)
        if (!claim.spec?.volumeName || claim.status?.phase !== 'Bound')
          throw new MountFailed(`PVC ${namespace}/${claimName} has not been bound`)
        return behind(claim, await client.get(persistentVolumes, { name: claim.spec.volumeName }))
      },
      issueToken: (audience, expirationSeconds) => this.#token(audience, expirationSeconds),
      serviceAccountToken: async (audience, expirationSeconds) =>
        (await this.#token(audience, expirationSeconds)).token,
    }
  }

  async #envFile(name: string, path: string): Promise<string | undefined> {
    const { root, uid } = this.#scope
    const text = await readTail(volumeFolder(root, uid, { name }), path, mostEnvFileBytes)
    if (text?.length === mostEnvFileBytes) throw new BadEnvFile(`"${path}" is larger than ${mostEnvFileBytes} bytes`)
    return text?.toString('utf8')
  }

  /** A token is kept until four fifths of its life are over, at most a day (kubelet: token_manager.go). */
  async #token(audience: string | undefined, expirationSeconds: number): Promise<IssuedToken> {
    const { client, clock, uid } = this.#scope
    const pod = this.#scope.pod()
    const key = `${audience ?? ''} ${expirationSeconds}`
    const known = this.#tokens.get(key)
    const now = clock.now()
    // After the clock was set back, it is of a time that the API server may not know yet.
    if (known && known.issuedAt <= now && now < known.renewAt) return known
    const account = { namespace: podRef(pod).namespace, name: pod.spec?.serviceAccountName ?? 'default' }
    const answer = (await client.post(serviceAccounts, account, 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(audience ? { audiences: [audience] } : {}),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid },
      },
    })) as { status?: Partial<IssuedToken> }
    const { token = '', expirationTimestamp = '' } = answer.status ?? {}
    const life = Math.min(expirationSeconds * 800, 86_400_000)
    this.#tokens.set(key, { token, expirationTimestamp, issuedAt: now, renewAt: now + life })
    return { token, expirationTimestamp }
  }
}

/** @throws MountFailed for a volume of a type that this node does not mount */
function behind(claim: Stored<PersistentVolumeClaim>, volume: Stored<PersistentVolume>): ClaimedVolume {
  const { metadata, spec = {} } = volume
  if (spec.volumeMode === 'Block') return blockBehind(claim, volume)
  if (spec.hostPath) return { folder: { path: spec.hostPath.path, type: spec.hostPath.type ?? '', isLocal: false } }
  if (spec.local) return { folder: { path: spec.local.path, type: 'Directory', isLocal: true } }
  if (spec.csi) return { csi: { claim, volume, csi: spec.csi } }
  if (spec.nfs) return { nfs: { ...spec.nfs, mountOptions: spec.mountOptions ?? [] }, name: metadata.name }
  const source = Object.keys(spec).find((name) => otherSources.has(name)) ?? 'unknown'
  throw new MountFailed(`volume "${metadata.name}": volumes of type ${source} are not supported by Slipway yet`)
}

/** @throws MapFailed for a volume of a type that has no block devices, with Kubernetes too */
function blockBehind(claim: Stored<PersistentVolumeClaim>, volume: Stored<PersistentVolume>): ClaimedVolume {
  const { metadata, spec = {} } = volume
  if (spec.local) return { device: spec.local.path }
  if (spec.csi) return { csi: { claim, volume, csi: spec.csi } }
  throw new MapFailed(`volume "${metadata.name}": only local volumes and those of CSI drivers can be block devices`)
}

const otherSources = new Set(['iscsi', 'fc', 'cephfs', 'rbd', 'glusterfs', 'awsElasticBlockStore', 'gcePersistentDisk'])

/** Reads each name once. */
function readOnce<T>(read: (name: string) => Promise<T | undefined>): (name: string) => Promise<T | undefined> {
  const known = new Map<string, Promise<T | undefined>>()
  return (name) => {
    let value = known.get(name)
    if (!value) known.set(name, (value = read(name)))
    return value
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined
  throw error
}
