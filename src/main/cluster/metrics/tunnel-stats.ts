import type { Duplex } from 'node:stream'
import { orAborted } from '#shared/base/abort.ts'
import type { StatsSummary } from '#shared/kube/stats-summary.ts'
import type { StatsSource } from './stats-source.ts'
import { parseSummary } from './summary-schema.ts'

/** The part of the tunnels that is needed. */
export interface NodeRequests {
  request(
    node: string,
    request: { method: 'GET'; path: string; end: true },
  ): Promise<{ status: number; stream: Duplex }>
}

const path = '/stats/summary?only_cpu_and_memory=false'

/** Maximum size of an answer, bytes: some 500 pods. Parsing it holds the event loop for about 20 ms. */
export const largestSummary = 2 * 2 ** 20

/** Asks the agents of Docker workers for their usage. A worker is not trusted: its answer is limited and checked. */
export const tunnelStats = (nodes: NodeRequests): StatsSource => ({
  async summary(node, signal) {
    const { status, stream } = await respondedBy(nodes.request(node, { method: 'GET', path, end: true }), signal)
    const cut = (): void => void stream.destroy(signal.reason as Error)
    stream.on('error', () => undefined)
    signal.addEventListener('abort', cut, { once: true })
    try {
      // An agent of an earlier version has no such path.
      if (status === 404) return undefined
      if (status !== 200) throw new Error(`${node} answered ${status} to ${path}`)
      return await readSummary(stream)
    } finally {
      signal.removeEventListener('abort', cut)
      stream.destroy()
    }
  },
})

/** Waits for the head of a response; one that comes after the signal is cut. @throws the signal's reason */
function respondedBy<T extends { stream: Duplex }>(response: Promise<T>, signal: AbortSignal): Promise<T> {
  const cutLate = ({ stream }: T): void => {
    if (!signal.aborted) return
    stream.on('error', () => undefined)
    stream.destroy()
  }
  response.then(cutLate, () => undefined)
  return orAborted(response, signal)
}

/** @throws Error for an answer that is too large, cut short or no summary */
async function readSummary(stream: Duplex): Promise<StatsSummary> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestSummary) throw new Error(`the summary exceeds ${largestSummary} bytes`)
    chunks.push(chunk)
  }
  return parseSummary(Buffer.concat(chunks).toString())
}
