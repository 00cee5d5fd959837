import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LinuxContainerUser } from '#shared/kube/generated/types.ts'

/** Where the engine's containerd keeps what it gives to the runtime, a folder for each container that runs. */
const bundles = '/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby'

/**
 * Who the first process of a container begins as: its user and groups, the primary one among them, as the image and the spec
 * come to. @returns undefined where the container does not run, or the engine keeps this elsewhere
 */
export function userOf(id: string, root = bundles): LinuxContainerUser | undefined {
  try {
    const text = readFileSync(join(root, id, 'config.json'), 'utf8')
    const { user } = (JSON.parse(text) as { process: { user: RuntimeUser } }).process
    return { uid: user.uid, gid: user.gid, supplementalGroups: user.additionalGids ?? [user.gid] }
  } catch {
    return undefined
  }
}

/** Of the OCI runtime specification. */
interface RuntimeUser {
  uid: number
  gid: number
  additionalGids?: number[]
}
