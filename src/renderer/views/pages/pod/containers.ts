import type { Container, ContainerStatus, EnvVar, Pod, Volume } from '#shared/kube/generated/types.ts'
import { isRestartableInit } from '#shared/kube/pod.ts'
import type { Tone } from '../../../components/tone.ts'
import { endText } from '../../../explain/exit.ts'
import type { ObjectLink } from '../../../explain/index.ts'
import { t } from '../../../texts/index.ts'

/** A container as its card shows it. */
export interface ContainerView {
  name: string
  role: 'init' | 'sidecar' | 'debug' | ''
  image: string
  /** Digest of the image that runs. */
  imageId: string
  state: string
  tone: Tone
  message: string
  restarts: number
  ports: readonly string[]
  runs: readonly Run[]
  spec: Container | undefined
}

/** A run of a container: the one that goes on, and the one before. */
export interface Run {
  number: number
  startedAt: string
  finishedAt: string | undefined
  tone: Tone
  end: string
  previous: boolean
}

/** The containers of a pod in the order of their start. */
export function containerViews({ spec, status }: Pod): ContainerView[] {
  const listed = [
    ...(spec?.initContainers ?? []).map((container) => ({
      container,
      role: isRestartableInit(container) ? ('sidecar' as const) : ('init' as const),
    })),
    ...(spec?.containers ?? []).map((container) => ({ container, role: '' as const })),
    ...(spec?.ephemeralContainers ?? []).map((container) => ({ container, role: 'debug' as const })),
  ]
  const statuses = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ]
  return listed.map(({ container, role }) => {
    const { name, image = '', ports = [] } = container
    const found = statuses.find((each) => each.name === name)
    return {
      name,
      role,
      image,
      imageId: found?.imageID ?? '',
      restarts: found?.restartCount ?? 0,
      ports: ports.map((port) => `${port.name ? `${port.name} ` : ''}${port.containerPort}/${port.protocol ?? 'TCP'}`),
      runs: found ? runsOf(found) : [],
      spec: container,
      ...stateOf(found),
    }
  })
}

function stateOf(status?: ContainerStatus): { state: string; tone: Tone; message: string } {
  const { running, terminated, waiting } = status?.state ?? {}
  if (running)
    return status?.ready || status?.started === undefined
      ? { state: t('pages.pod.running'), tone: 'good', message: '' }
      : { state: t('pages.pod.notReady'), tone: 'warn', message: '' }
  if (terminated) {
    const ok = terminated.exitCode === 0
    return {
      state: terminated.reason ?? (ok ? 'Completed' : 'Error'),
      tone: ok ? 'done' : 'bad',
      message: terminated.message ?? endText(terminated),
    }
  }
  const reason = waiting?.reason ?? 'Waiting'
  return {
    state: reason,
    tone: /BackOff|Err|Error|Invalid/.test(reason) ? 'bad' : 'warn',
    message: waiting?.message ?? '',
  }
}

function runsOf({ restartCount, state, lastState }: ContainerStatus): Run[] {
  const runs: Run[] = []
  const { running, terminated } = state ?? {}
  const add = (end: NonNullable<typeof terminated>, number: number, previous: boolean): void =>
    void runs.push({
      number,
      startedAt: end.startedAt ?? '',
      finishedAt: end.finishedAt ?? '',
      tone: end.exitCode === 0 ? 'done' : 'bad',
      // «Out of memory» is all that OOMKilled says.
      end: end.reason === 'OOMKilled' ? end.reason : [endText(end), end.reason].filter(Boolean).join(' · '),
      previous,
    })
  if (running)
    runs.push({
      number: restartCount + 1,
      startedAt: running.startedAt ?? '',
      finishedAt: undefined,
      tone: 'good',
      end: '',
      previous: false,
    })
  if (terminated) add(terminated, restartCount + 1, false)
  // While it waits for its next start, the last run is the one that its log is of.
  if (lastState?.terminated) add(lastState.terminated, Math.max(1, restartCount), true)
  return runs
}

/** Where a value of the environment comes from. */
export interface EnvironmentRow {
  name: string
  /** Unset for values that have to be fetched, or that the kubelet makes. */
  value?: string
  link?: ObjectLink
  /** Key of the ConfigMap or Secret. */
  key?: string
  /** `status.podIP`, `limits.cpu`, `all keys`. */
  from?: string
}

export function environmentOf(container: Container, namespace: string | undefined): EnvironmentRow[] {
  const all = (container.envFrom ?? []).map(({ configMapRef, secretRef, prefix = '' }): EnvironmentRow => {
    const kind = secretRef ? 'Secret' : 'ConfigMap'
    return {
      name: `${prefix}*`,
      link: { kind, name: secretRef?.name ?? configMapRef?.name ?? '', namespace },
      from: t('pages.pod.allKeys'),
    }
  })
  return [...all, ...(container.env ?? []).map((variable) => environmentRow(variable, namespace))]
}

function environmentRow({ name, value, valueFrom }: EnvVar, namespace: string | undefined): EnvironmentRow {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef, fileKeyRef } = valueFrom ?? {}
  if (configMapKeyRef)
    return { name, link: { kind: 'ConfigMap', name: configMapKeyRef.name ?? '', namespace }, key: configMapKeyRef.key }
  if (secretKeyRef)
    return { name, link: { kind: 'Secret', name: secretKeyRef.name ?? '', namespace }, key: secretKeyRef.key }
  if (fieldRef) return { name, from: fieldRef.fieldPath }
  if (resourceFieldRef) return { name, from: resourceFieldRef.resource }
  if (fileKeyRef) return { name, from: `${fileKeyRef.volumeName}/${fileKeyRef.path} ${fileKeyRef.key}` }
  return { name, value: value ?? '' }
}

export interface MountRow {
  path: string
  readOnly: boolean
  volume: string
  links: ObjectLink[]
  text: string
}

/** What a container has mounted, and where it comes from. */
export function mountsOf(container: Container, { spec, metadata: { namespace } }: Pod): MountRow[] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, readOnly, subPath }) => {
    const volume = spec?.volumes?.find((each) => each.name === name)
    return {
      path: mountPath,
      readOnly: readOnly ?? false,
      volume: name,
      links: volume ? linksOf(volume, namespace) : [],
      text: [volume ? kindOfVolume(volume) : '', subPath ? `subPath ${subPath}` : ''].filter(Boolean).join(', '),
    }
  })
}

function linksOf(
  { configMap, secret, persistentVolumeClaim, projected }: Volume,
  namespace: string | undefined,
): ObjectLink[] {
  const found: ObjectLink[] = []
  const add = (kind: string, name: string | undefined): void => void (name && found.push({ kind, name, namespace }))
  add('ConfigMap', configMap?.name)
  add('Secret', secret?.secretName)
  add('PersistentVolumeClaim', persistentVolumeClaim?.claimName)
  for (const source of projected?.sources ?? []) {
    add('ConfigMap', source.configMap?.name)
    add('Secret', source.secret?.name)
  }
  return found
}

function kindOfVolume({ name: _name, ...volume }: Volume): string {
  if (volume.emptyDir) return ['emptyDir', volume.emptyDir.medium, volume.emptyDir.sizeLimit].filter(Boolean).join(' ')
  if (volume.hostPath) return `hostPath ${volume.hostPath.path}`
  if (volume.nfs) return `nfs ${volume.nfs.server}:${volume.nfs.path}`
  if (volume.projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken)) return t('pages.pod.token')
  return Object.keys(volume)[0] ?? ''
}
