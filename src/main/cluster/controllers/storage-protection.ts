import type { Stop } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import { keyOf, type Informer } from '#shared/client/informer.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  VolumeAttributesClass,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses } from '#shared/kube/resources.ts'
import { storageProtection } from '#shared/kube/storage-protection.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome, type Watch } from '#shared/reconcile/controller.ts'

/** Keeps a claim under deletion while a scheduled pod uses it, as Kubernetes' pvc-protection-controller. */
export function startClaimProtection(context: ControllerContext): Stop {
  const claims = context.informers.share(persistentVolumeClaims)
  const podInformer = context.informers.share(pods)
  return protect<PersistentVolumeClaim>(context, {
    name: 'persistentvolumeclaim-protection',
    resource: persistentVolumeClaims,
    informer: claims,
    shares: [claims, podInformer],
    alsoWatch: [watch(podInformer, claimKeysOf)],
    isUsed: ({ metadata: { namespace, name } }) =>
      podInformer
        .list()
        .some(
          (pod) =>
            pod.metadata.namespace === namespace &&
            pod.spec?.nodeName !== undefined &&
            claimNamesOf(pod).includes(name),
        ),
  })
}

/** Keeps a volume under deletion while it is bound to a claim, as Kubernetes' pv-protection-controller. */
export function startVolumeProtection(context: ControllerContext): Stop {
  const volumes = context.informers.share(persistentVolumes)
  return protect<PersistentVolume>(context, {
    name: 'persistentvolume-protection',
    resource: persistentVolumes,
    informer: volumes,
    shares: [volumes],
    alsoWatch: [],
    isUsed: ({ status }) => status?.phase === 'Bound',
  })
}

/** Keeps a class of attributes under deletion while a volume or claim has it, as volumeattributesclass-protection-controller. */
export function startAttributesClassProtection(context: ControllerContext): Stop {
  const classes = context.informers.share(volumeAttributesClasses)
  const volumes = context.informers.share(persistentVolumes)
  const claims = context.informers.share(persistentVolumeClaims)
  volumes.addIndex(byClass, classOfVolume)
  claims.addIndex(byClass, classesOfClaim)
  return protect<VolumeAttributesClass>(context, {
    name: 'volumeattributesclass-protection',
    resource: volumeAttributesClasses,
    informer: classes,
    shares: [classes, volumes, claims],
    alsoWatch: [watch(volumes, classOfVolume), watch(claims, classesOfClaim)],
    isUsed: ({ metadata: { name } }) =>
      volumes.byIndex(byClass, name).length > 0 || claims.byIndex(byClass, name).length > 0,
  })
}

/** Index of volumes and claims by their classes of attributes. */
const byClass = 'attributes-class'

const classOfVolume = ({ spec }: PersistentVolume): string[] => namesOf(spec?.volumeAttributesClassName)

/** The class that a claim asks for, the one that it has, and the one that it is changing to. */
const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): string[] =>
  namesOf(
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  )

const namesOf = (...names: readonly (string | undefined)[]): string[] => [...new Set(names.filter(isGiven))]
const isGiven = (name: string | undefined): name is string => name !== undefined && name !== ''

interface Protection<T extends KubeObject> {
  name: string
  resource: Resource<T>
  informer: Informer<T>
  shares: readonly Pick<Informer, 'stop'>[]
  alsoWatch: readonly Watch[]
  isUsed(object: Stored<T>): boolean
}

function protect<T extends KubeObject>(
  context: ControllerContext,
  { name, resource, informer, shares, alsoWatch, isUsed }: Protection<T>,
): Stop {
  const { client } = context
  const finalizer = storageProtection.get(resource.plural) ?? ''

  async function reconcile(key: string): Promise<Outcome> {
    const object = informer.get(key)
    if (!object) return undefined
    const { deletionTimestamp, finalizers = [] } = object.metadata
    const held = finalizers.includes(finalizer)
    if (deletionTimestamp === undefined && !held) await write(object, [...finalizers, finalizer])
    else if (deletionTimestamp !== undefined && held && !isUsed(object))
      await write(
        object,
        finalizers.filter((one) => one !== finalizer),
      )
    return undefined
  }

  /** Writes with the resourceVersion that was read: a concurrent use is a conflict, and retried. */
  async function write(object: Stored<T>, finalizers: string[]): Promise<void> {
    try {
      await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const controller = runController({
    ...context,
    name,
    reconcile,
    shares,
    watches: [watch(informer, keyOf), ...alsoWatch],
  })
  return () => controller.stop()
}

const claimKeysOf = (pod: Stored<Pod>): string[] =>
  claimNamesOf(pod).map((name) => keyOf({ metadata: { namespace: pod.metadata.namespace, name } }))

/** Claims that a pod names, and those of its ephemeral volumes. */
const claimNamesOf = ({ metadata, spec }: Stored<Pod>): string[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName]
    return ephemeral ? [`${metadata.name}-${name}`] : []
  })
