import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import type { Pod, Service } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { PodNetwork } from '../../network/pod-network.ts'
import type { CsiVolumes } from '../csi/volumes.ts'
import type { PodClaims } from '../dra/claims.ts'
import type { Mounts } from '../files/mounts.ts'
import type { Images } from '../images.ts'
import type { ObjectWatches } from '../object-watches.ts'
import type { DnsSettings } from '../pod-files.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { PodGroups } from '../pod-groups/index.ts'
import type { Starts } from '../starts.ts'
import type { ProbeResult } from '../stats/kubelet-metrics.ts'
import type { Refusal } from './admission.ts'
import type { Termination } from './termination.ts'
import type { Timers } from './timers.ts'
import type { UserNamespaces } from './user-namespaces.ts'
import type { WarmSandboxes } from './warm-sandboxes.ts'

/** What the pods of a node are run with. */
export interface PodContext {
  runtime: Runtime
  images: Images
  network: Pick<PodNetwork, 'attach' | 'detach' | 'handOver'>
  /** Unset where pods have no control group of their own. */
  groups?: PodGroups
  /** Unset where every pod's sandbox is made for it. */
  warm?: Pick<WarmSandboxes, 'take'>
  /** Whether mounts can be read-only with all that is mounted beneath; they cannot, when unset. */
  recursiveReadOnly?: boolean
  /** Unset where pods have the node's users. */
  userNamespaces?: UserNamespaces
  starts: Starts
  client: Client
  /** Unset where volumes follow their objects by their refresh alone. */
  watches?: ObjectWatches
  recorder: EventRecorder
  clock: Clock
  log: Log
  /** `/var/lib/kubelet` */
  root: string
  mounts: Mounts
  /** Unset where no CSI drivers are run. */
  csi?: CsiVolumes
  /** Unset where no drivers of devices are run. */
  claims?: PodClaims
  node: { name: string; ip: string; ip6?: string; cpuMillis: number; memoryBytes: number }
  dns: DnsSettings
  services(): Stored<Service>[]
  /** Why this node does not give a pod the resources that its spec asks for now. */
  resizeRefusal?(pod: Stored<Pod>): Refusal | undefined
  /** Uid of the object that shows the pod to users of the API; undefined while there is none. The pod's own, when unset. */
  objectUid?(): string | undefined
  /** A probe of a container has a result; for the metrics. */
  onProbe?(result: ProbeResult): void
}

/** What the parts of one pod share. */
export interface PodScope extends PodContext {
  objectUid(): string | undefined
  uid: string
  /** The pod as it was seen last. */
  pod(): Stored<Pod>
  /** Whether containers get the resources that their spec asks for now. */
  mayResize(): boolean
  termination: Termination
  timers: Timers
  /** Looks at the pod again, soon. */
  wake(): void
}

/** `namespace/name`, for logs. */
export const podKey = ({ metadata }: Stored<Pod>): string => `${metadata.namespace}/${metadata.name}`

export const podRef = ({ metadata }: Stored<Pod>): { namespace: string; name: string } => ({
  namespace: metadata.namespace,
  name: metadata.name,
})
