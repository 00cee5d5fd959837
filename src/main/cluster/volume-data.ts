import type { NodeConnector } from './apiserver/index.ts'
import type { VolumeData } from '#shared/kube/cluster-volumes.ts'

/** Longest text of a refusal that is passed on, bytes. */
const longestRefusal = 1_024

/** The folders of volumes, through the agents of the workers. */
export function nodeVolumeData(nodes: Pick<NodeConnector, 'request'>): VolumeData {
  const ask = async (node: string, method: 'DELETE' | 'POST', path: string): Promise<void> => {
    const { status, stream } = await nodes.request(node, { method, path, end: true })
    try {
      let text = ''
      for await (const chunk of stream as AsyncIterable<Buffer>)
        if (text.length < longestRefusal) text += chunk.toString()
      if (status >= 400) throw new Error(`${node}: ${text.slice(0, longestRefusal) || `status ${status}`}`)
    } finally {
      stream.destroy()
    }
  }
  return {
    remove: (node, volume) => ask(node, 'DELETE', `/volumes/${volume}`),
    copy: (node, from, to) => ask(node, 'POST', `/volumes/${to}?from=${encodeURIComponent(from)}`),
  }
}
