import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import {
  configMaps,
  cronJobs,
  daemonSets,
  deployments,
  ingresses,
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
  services,
  statefulSets,
  type Resource,
} from '#shared/kube/resources.ts'
import type { ClusterActions } from '../../composables/useActions.ts'
import { listText } from '../../texts/format.ts'
import { t } from '../../texts/index.ts'
import type { ActionKind } from './action.ts'
import { podSpecOf, usesOf } from '../uses.ts'
import { losesData } from './data-loss.ts'

/** What goes with an object that is deleted. */
export interface Consequences {
  /** Sentences; none where nothing is known to. */
  lines: string[]
  /** Data are lost, or much else goes: the name has to be typed. */
  isFarReaching: boolean
}

/** Kinds that are counted in a namespace that goes. */
const counted: readonly (readonly [title: string, resource: Resource])[] = [
  ['Deployments', deployments],
  ['StatefulSets', statefulSets],
  ['DaemonSets', daemonSets],
  ['Jobs', jobs],
  ['CronJobs', cronJobs],
  ['Pods', pods],
  ['Services', services],
  ['Ingresses', ingresses],
  ['ConfigMaps', configMaps],
  ['Secrets', secrets],
  ['PersistentVolumeClaims', persistentVolumeClaims],
]

/** What else is lost when an object is deleted. What may not be read is left out. */
export async function consequencesOf(kind: ActionKind, object: Stored, cluster: ClusterActions): Promise<Consequences> {
  const { group, kind: name } = kind.resource
  const id = group ? `${group}/${name}` : name
  if (id === 'Namespace') return { lines: await inNamespace(object.metadata.name, cluster), isFarReaching: true }
  if (isUsed(name) && group === '') {
    const [users, own] = await Promise.all([
      usersOf(name, object, cluster),
      name === 'PersistentVolumeClaim' ? ofClaim(object, cluster) : nothingKnown,
    ])
    return { ...own, lines: [...users, ...own.lines] }
  }
  if (id === 'PersistentVolume') return ofVolume(kind, object)
  if (id === 'Pod') return { lines: [ofPod(object)], isFarReaching: false }
  const line = simple[id]
  return { lines: line ? [line()] : [], isFarReaching: losesData(kind, object) }
}

const simple: Readonly<Record<string, () => string>> = {
  Node: () => t('dialogs.delete.node'),
  'apps/Deployment': () => t('dialogs.delete.workload'),
  'apps/ReplicaSet': () => t('dialogs.delete.workload'),
  'apps/DaemonSet': () => t('dialogs.delete.workload'),
  'apps/StatefulSet': () => t('dialogs.delete.statefulSet'),
  'batch/Job': () => t('dialogs.delete.workload'),
  'batch/CronJob': () => t('dialogs.delete.cronJob'),
  'apiextensions.k8s.io/CustomResourceDefinition': () => t('dialogs.delete.definition'),
}

const nothingKnown: Consequences = { lines: [], isFarReaching: false }

/** Kinds whose objects pods name. */
type UsedKind = 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount'
const isUsed = (kind: string): kind is UsedKind =>
  ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'ServiceAccount'].includes(kind)

/** Whatever makes pods, pods last: those of a workload are told as their workload. */
const users: readonly Resource[] = [deployments, statefulSets, daemonSets, cronJobs, jobs, pods]
/** Names in one sentence. */
const mostNames = 4

/** Who is left without an object that pods name. */
async function usersOf(kind: UsedKind, { metadata }: Stored, cluster: ClusterActions): Promise<string[]> {
  const lists = await Promise.allSettled(users.map((resource) => cluster.list(resource, metadata.namespace)))
  const names = lists.flatMap((list, at) =>
    list.status === 'rejected'
      ? []
      : list.value
          .filter((user) => !controllerOf(user) && uses(users[at]?.kind, user, { kind, name: metadata.name }))
          .map((user) => `${users[at]?.kind ?? ''} ${user.metadata.name}`),
  )
  if (names.length === 0) return []
  const shown = names.length > mostNames ? names.slice(0, mostNames - 1) : names
  const more = names.length - shown.length
  const what = listText([...shown, ...(more > 0 ? [t('dialogs.delete.moreUsers', { n: more })] : [])])
  return [t('dialogs.delete.usedBy', { names: what }), t(`dialogs.delete.without.${kind}`)]
}

function uses(
  kind: string | undefined,
  user: Stored & { spec?: unknown },
  used: { kind: string; name: string },
): boolean {
  if (hasEnded(user)) return false
  const spec = podSpecOf({ kind, spec: user.spec })
  return spec !== undefined && usesOf(spec).some((each) => each.kind === used.kind && each.name === used.name)
}

/** Pods and Jobs that have ended need nothing any more. */
const hasEnded = (user: Stored & { status?: { phase?: string; completionTime?: string } }): boolean =>
  user.status?.phase === 'Succeeded' || user.status?.phase === 'Failed' || user.status?.completionTime !== undefined

/** What starts a pod again when it is deleted is its controller; nothing does without one. */
function ofPod(object: Stored): string {
  const owner = controllerOf(object)
  return owner ? t('dialogs.delete.pod', { owner: `${owner.kind} ${owner.name}` }) : t('dialogs.delete.barePod')
}
/** What is lost with one of several objects, in a few words; empty where nothing is to be said. */
export const lossOf = (kind: ActionKind, object: Stored): string =>
  kind.resource.group === '' && kind.resource.kind === 'Pod' && !controllerOf(object) ? t('lists.bulk.bare') : ''

async function inNamespace(namespace: string, cluster: ClusterActions): Promise<string[]> {
  const counts = await Promise.allSettled(
    counted.map(async ([title, resource]) => {
      const n = await cluster.count(resource, namespace)
      return { n, what: n === 1 ? resource.kind : title }
    }),
  )
  const found = counts.flatMap((each) =>
    each.status === 'fulfilled' && each.value.n > 0 ? [`${each.value.n} ${each.value.what}`] : [],
  )
  return [
    found.length > 0 ? t('dialogs.delete.namespace', { what: listText(found) }) : t('dialogs.delete.emptyNamespace'),
  ]
}

async function ofClaim({ spec }: PersistentVolumeClaim, cluster: ClusterActions): Promise<Consequences> {
  if (!spec?.volumeName) return { lines: [], isFarReaching: false }
  const volume = await cluster.get(persistentVolumes, { name: spec.volumeName }).catch(() => undefined)
  const isKept = volume?.spec?.persistentVolumeReclaimPolicy === 'Retain'
  const values = { volume: spec.volumeName }
  return isKept
    ? { lines: [t('dialogs.delete.claimKept', values)], isFarReaching: false }
    : { lines: [t('dialogs.delete.claimLost', values)], isFarReaching: true }
}

function ofVolume(kind: ActionKind, volume: Stored): Consequences {
  const isLost = losesData(kind, volume)
  return { lines: [t(isLost ? 'dialogs.delete.volumeLost' : 'dialogs.delete.volumeKept')], isFarReaching: isLost }
}
