import type { Client } from '#shared/client/client.ts'
import type { EphemeralContainer, Pod, SecurityContext } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'

/** What a debug container may do, as the profiles of `kubectl debug` name it. */
export type DebugProfile = 'general' | 'netadmin' | 'sysadmin'
export const debugProfiles: readonly DebugProfile[] = ['general', 'netadmin', 'sysadmin']

export interface DebugChoice {
  image: string
  /** The container whose processes it sees; '' for none. */
  container: string
  profile: DebugProfile
}

const rights: Record<DebugProfile, SecurityContext> = {
  general: { capabilities: { add: ['SYS_PTRACE'] } },
  netadmin: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
  sysadmin: { privileged: true },
}

/** The ephemeral container that `kubectl debug -it` would add. */
export function ephemeralContainer(name: string, { image, container, profile }: DebugChoice): EphemeralContainer {
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    stdin: true,
    tty: true,
    terminationMessagePolicy: 'File',
    securityContext: rights[profile],
    ...(container === '' ? {} : { targetContainerName: container }),
  }
}

/** The same as a command. */
export function debugCommand(pod: { namespace: string; name: string }, choice: DebugChoice): string {
  const { image, container, profile } = choice
  const words = ['kubectl debug', `-n ${pod.namespace}`, `-it ${pod.name}`, `--image=${image}`]
  if (container !== '') words.push(`--target=${container}`)
  words.push(`--profile=${profile}`)
  return words.join(' ')
}

export const newName = (prefix: string): string =>
  `${prefix}-${Array.from(crypto.getRandomValues(new Uint8Array(5)), (byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('')}`

/** Adds an ephemeral container to the very pod that has this uid. @throws ApiError */
export async function addEphemeralContainer(
  client: Client,
  pod: { namespace: string; name: string; uid: string },
  container: EphemeralContainer,
): Promise<void> {
  await client.patch(
    pods,
    { namespace: pod.namespace, name: pod.name },
    { type: 'strategic', body: { metadata: { uid: pod.uid }, spec: { ephemeralContainers: [container] } } },
    { subresource: 'ephemeralcontainers' },
  )
}

/** How far the start of a container is. */
export type StartState =
  { state: 'waiting'; reason: string; message: string } | { state: 'running' } | { state: 'ended' }

export function startStateOf(pod: Pod, container: string): StartState {
  const { status } = pod
  const found = [...(status?.containerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])].find(
    ({ name }) => name === container,
  )
  const { running, terminated, waiting } = found?.state ?? {}
  if (running) return { state: 'running' }
  if (terminated || status?.phase === 'Failed' || status?.phase === 'Succeeded') return { state: 'ended' }
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')
  const { reason = 'Pending', message = '' } = waiting ?? unscheduled ?? {}
  return { state: 'waiting', reason, message }
}

/** Time between two looks, ms. */
const interval = 400

/**
 * Waits until a container runs.
 * @param onWait told what it waits for
 * @returns the pod; undefined when the container has ended before it was seen running
 * @throws ApiError when the pod is gone, and when aborted
 */
export async function untilRunning(
  client: Client,
  pod: { namespace: string; name: string },
  container: string,
  { signal, onWait }: { signal: AbortSignal; onWait(reason: string, message: string): void },
): Promise<Stored<Pod> | undefined> {
  for (;;) {
    const found = await client.get(pods, pod)
    signal.throwIfAborted()
    const state = startStateOf(found, container)
    if (state.state === 'running') return found
    if (state.state === 'ended') return undefined
    onWait(state.reason, state.message)
    await new Promise((resolve) => setTimeout(resolve, interval))
    signal.throwIfAborted()
  }
}
