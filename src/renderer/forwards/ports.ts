import type { ForwardTarget } from '#shared/contract/forwards.ts'
import type { Container, PodSpec, ServicePort } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'

/** A port of an object that a forward can lead to. */
export interface ForwardPort {
  /** Of the Service, else of the container; its name where it has one, so that another number in the next pod is followed. */
  port: number | string
  number: number
  /** `http`, or '' */
  name: string
}

type Kind = ForwardTarget['kind']
const groups: Record<Kind, string> = {
  Pod: '',
  Service: '',
  ReplicationController: '',
  Deployment: 'apps',
  ReplicaSet: 'apps',
  StatefulSet: 'apps',
  DaemonSet: 'apps',
  Job: 'batch',
}
/** The kind as a forward names it; undefined for kinds that have no pods. */
export function forwardKindOf({ kind, group }: { kind: string; group: string }): Kind | undefined {
  return isForwardKind(kind) && groups[kind] === group ? kind : undefined
}
const isForwardKind = (kind: string): kind is Kind => Object.hasOwn(groups, kind)

/** The TCP ports that an object declares. */
export function portsOf(kind: Kind, object: KubeObject): ForwardPort[] {
  const { spec } = object as { spec?: PodSpec & { ports?: ServicePort[]; template?: { spec?: PodSpec } } }
  if (kind === 'Service')
    return (spec?.ports ?? [])
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ port, name = '' }) => ({ port, number: port, name }))
  const containers: readonly Container[] = (kind === 'Pod' ? spec : spec?.template?.spec)?.containers ?? []
  return containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(({ containerPort, name = '' }) => ({ port: name || containerPort, number: containerPort, name }))
}

/** Whether it probably speaks TLS. */
export const isSecure = ({ number, name }: ForwardPort): boolean =>
  name.startsWith('https') || number === 443 || number === 8443

/** The port here that is proposed: the same, or one that needs no rights. */
export const proposedPort = ({ number }: ForwardPort): number => (number < 1_024 ? number + 8_000 : number)
