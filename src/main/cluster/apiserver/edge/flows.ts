import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Flow } from '../flow-control/index.ts'
import { auditIdOf } from '../observability/audit.ts'

const flows = new WeakMap<IncomingMessage, Flow>()

/** Remembers the class of a request for the headers of its answer. */
export const setFlow = (message: IncomingMessage, flow: Flow): void => void flows.set(message, flow)

/** Headers of every answer: the audit id, and what flow control has made of the request. */
export function leadingHeaders(message: IncomingMessage): string[] {
  const flow = flows.get(message)
  const headers = ['Audit-Id', auditIdOf(message)]
  if (flow)
    headers.push('X-Kubernetes-Pf-Flowschema-Uid', flow.schemaUid, 'X-Kubernetes-Pf-Prioritylevel-Uid', flow.levelUid)
  return headers
}

/** Runs a request as soon as its priority level has room. @throws TooManyRequests */
export async function runInTurn<T>(
  flow: Flow | undefined,
  seats: number,
  response: ServerResponse,
  run: () => Promise<T>,
): Promise<T> {
  const entered = flow?.enter(seats, (gone) => {
    response.once('close', gone)
    return () => void response.off('close', gone)
  })
  const seat = entered instanceof Promise ? await entered : entered
  try {
    return await run()
  } finally {
    seat?.leave()
  }
}
