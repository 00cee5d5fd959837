import type { ConfigMap, PersistentVolume, Secret } from '#shared/kube/generated/types.ts'
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  serviceAccounts,
} from '#shared/kube/resources.ts'
import type { Stored } from '#shared/kube/object.ts'
import { ApiError } from '#shared/kube/status.ts'
import { MountFailed, type ClaimedFolder, type VolumeSources } from '../volumes.ts'
import { podRef, type PodScope } from './scope.ts'

/** What the environment and the volumes of one pod are made from: ConfigMaps, Secrets, claims and tokens. */
export class PodSources {
  readonly #scope: PodScope
  readonly #tokens = new Map<string, { token: string; renewAt: number }>()

  constructor(scope: PodScope) {
    this.#scope = scope
  }

  /** Sources to make one thing from: each ConfigMap and Secret is read once at most. @param podIp empty when unknown */
  open(podIp: string): VolumeSources {
    const { client, node, services } = this.#scope
    const { namespace } = podRef(this.#scope.pod())
    return {
      configMap: readOnce<ConfigMap>((name) => client.get(configMaps, { namespace, name })),
      secret: readOnce<Secret>((name) => client.get(secrets, { namespace, name })),
      services,
      podIp,
      hostIp: node.ip,
      nodeName: node.name,
      node,
      claimedFolder: async (claimName) => {
        const claim = await client.get(persistentVolumeClaims, { namespace, name: claimName }).catch(undefinedIfMissing)
        if (!claim) throw new MountFailed(`persistentvolumeclaim "${claimName}" not found`)
        if (!claim.spec?.volumeName || claim.status?.phase !== 'Bound')
          throw new MountFailed(`PVC ${namespace}/${claimName} has not been bound`)
        return folderOf(await client.get(persistentVolumes, { name: claim.spec.volumeName }))
      },
      serviceAccountToken: (audience, expirationSeconds) => this.#token(audience, expirationSeconds),
    }
  }

  /** A token is kept until four fifths of its life are over, at most a day (kubelet: token_manager.go). */
  async #token(audience: string | undefined, expirationSeconds: number): Promise<string> {
    const { client, clock, uid } = this.#scope
    const pod = this.#scope.pod()
    const key = `${audience ?? ''} ${expirationSeconds}`
    const known = this.#tokens.get(key)
    if (known && clock.now() < known.renewAt) return known.token
    const account = { namespace: podRef(pod).namespace, name: pod.spec?.serviceAccountName ?? 'default' }
    const answer = (await client.post(serviceAccounts, account, 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(audience ? { audiences: [audience] } : {}),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid },
      },
    })) as { status?: { token?: string } }
    const token = answer.status?.token ?? ''
    const life = Math.min(expirationSeconds * 800, 86_400_000)
    this.#tokens.set(key, { token, renewAt: clock.now() + life })
    return token
  }
}

/** @throws MountFailed for a volume that is no folder of this node */
function folderOf({ metadata, spec = {} }: Stored<PersistentVolume>): ClaimedFolder {
  if (spec.volumeMode === 'Block')
    throw new MountFailed(`volume "${metadata.name}": block volumes are not supported by Slipway`)
  if (spec.hostPath) return { path: spec.hostPath.path, type: spec.hostPath.type ?? '', isLocal: false }
  if (spec.local) return { path: spec.local.path, type: 'Directory', isLocal: true }
  const source = volumeSources.find((name) => name in spec) ?? 'unknown'
  throw new MountFailed(`volume "${metadata.name}": volumes of type ${source} are not supported by Slipway yet`)
}

const volumeSources = [
  'csi',
  'nfs',
  'iscsi',
  'fc',
  'cephfs',
  'rbd',
  'glusterfs',
  'awsElasticBlockStore',
  'gcePersistentDisk',
]

/** Reads each name once; undefined for what does not exist. */
function readOnce<T>(read: (name: string) => Promise<T>): (name: string) => Promise<T | undefined> {
  const known = new Map<string, Promise<T | undefined>>()
  return (name) => {
    let value = known.get(name)
    if (!value) known.set(name, (value = read(name).catch(undefinedIfMissing)))
    return value
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined
  throw error
}
