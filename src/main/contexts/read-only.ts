import { failure } from '#shared/kube/status.ts'
import type { KubeContext, RawRequest } from './kube-context.ts'
import { guardedLink } from './machine-link.ts'

/**
 * A context that refuses writes while it is locked: changes of objects, and programs in containers, which could do
 * anything. What only asks passes: reads, logs, dry runs, reviews of rights, and port-forwards.
 * @param isLocked asked at each write
 */
export function readOnly(context: KubeContext, isLocked: () => Promise<boolean>): KubeContext {
  const check = async (): Promise<void> => {
    if (!(await isLocked())) return
    throw lockedFailure(context.info.name)
  }
  return {
    ...context,
    ...(context.link ? { link: guardedLink(context.link, check) } : {}),
    requireWritable: check,
    async request(raw) {
      if (writes(raw)) await check()
      return context.request(raw)
    },
    async open(raw) {
      if (writes(raw)) await check()
      return context.open(raw)
    },
    async exec(options, io, onOutput) {
      await check()
      await context.exec(options, io, onOutput)
    },
    async attach(options, io, onOutput) {
      await check()
      await context.attach(options, io, onOutput)
    },
  }
}

/** What who wants to change something of a locked context is told. */
export const lockedFailure = (name: string): Error =>
  failure(403, 'Forbidden', `${name} is read-only in Slipway: switch it to writable on the Clusters page first`)

/** Objects that are answers: creating one changes nothing. */
const reviews = /^\/apis\/(?:authorization|authentication)\.k8s\.io\/[^/]+\/(?:namespaces\/[^/]+\/)?\w+reviews$/

function writes({ method, path }: RawRequest): boolean {
  if (method === 'GET') return false
  const url = new URL(path, 'http://server')
  const isDryRun = url.searchParams.getAll('dryRun').join() === 'All' && !url.pathname.includes('/proxy')
  return !isDryRun && !(method === 'POST' && reviews.test(url.pathname))
}
