import { once } from 'node:events'
import type { KubeConfig } from '@kubernetes/client-node'
import { WebSocket, type ClientOptions } from 'ws'

const decode = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString()

/** Opens a WebSocket to the API server and reads it until the server closes it. @returns its messages */
export async function webSocketMessages(config: KubeConfig, path: string, protocol: string): Promise<Buffer[]> {
  const cluster = config.getCurrentCluster()
  const user = config.getCurrentUser()
  const options: ClientOptions = {
    ca: decode(cluster?.caData),
    cert: decode(user?.certData),
    key: decode(user?.keyData),
  }
  const socket = new WebSocket(new URL(path, cluster?.server.replace(/^http/, 'ws')), protocol, options)
  const messages: Buffer[] = []
  socket.on('message', (data: Buffer) => messages.push(data))
  const timeout = setTimeout(() => socket.terminate(), 60_000)
  await once(socket, 'close')
  clearTimeout(timeout)
  return messages
}
