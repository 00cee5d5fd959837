import type Docker from 'dockerode'
import type { Stop } from '#shared/base/disposable.ts'
import { imagePath } from '#shared/kube/image-reference.ts'
import { isMissing } from './connection.ts'
import { followEvents, type EventFilters } from './follow-events.ts'

/** An image of the engine on this machine. */
export interface HostImage {
  id: string
  /** `repository@sha256:…` of the registries that it came from or went to; none of one that was only built here. */
  digests: readonly string[]
  /** When it was built, ms since the epoch. */
  builtAt?: number
}

/** What the engine has under a name; undefined where it has nothing. */
export async function findHostImage(docker: Docker, reference: string): Promise<HostImage | undefined> {
  try {
    const { Id, RepoDigests, Created } = await docker.getImage(imagePath(reference)).inspect()
    const builtAt = Date.parse(Created)
    return { id: Id, digests: RepoDigests ?? [], ...(Number.isNaN(builtAt) ? {} : { builtAt }) }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Events after which a name of the engine may lead to another image. */
const imageEvents: EventFilters = {
  type: ['image'],
  event: ['tag', 'untag', 'create', 'load', 'import', 'pull', 'delete'],
}

/** Calls `listener` whenever a name may lead to another image. */
export const followHostImages = (connect: () => Promise<Docker>, listener: () => void): Stop =>
  followEvents(connect, imageEvents, listener)
