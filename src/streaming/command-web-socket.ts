import type { IncomingMessage } from 'node:http'
import { channels, decodeJson, type TerminalSize } from '#shared/kube/stream-frames.ts'
import { webSocketChannels } from './channels.ts'
import { allSent, statusText, type CommandClient, type CommandStreams } from './command-client.ts'
import type { Upgrade } from './upgrade.ts'
import { acceptWebSocket, chooseProtocol } from './web-socket.ts'

const protocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
]

/** Negotiates the protocol before the command starts on the node. @throws ApiError 400 */
export const chooseCommandProtocol = (message: IncomingMessage): string => chooseProtocol(message, protocols, true)

/** A command's client over a WebSocket. */
export async function webSocketClient(
  message: IncomingMessage,
  upgrade: Upgrade,
  protocol: string,
  streams: CommandStreams,
): Promise<CommandClient> {
  const { socket } = await acceptWebSocket(message, upgrade, protocol)
  const connection = webSocketChannels(socket, protocol)
  const tellsStatus = protocol.startsWith('v')
  // An empty message tells the client that the command is connected.
  connection.send(
    streams.stdout ? channels.stdout : streams.stderr ? channels.stderr : channels.error,
    new Uint8Array(),
  )
  const stdout = streams.stdout ? connection.output(channels.stdout) : undefined
  const stderr = streams.stderr ? connection.output(channels.stderr) : undefined
  return {
    stdin: streams.stdin ? connection.input(channels.stdin) : undefined,
    stdout,
    stderr,
    onResize(listener) {
      if (!streams.tty) return
      connection.input(channels.resize).on('data', (payload: Buffer) => {
        const size = parseSize(payload)
        if (size) listener(size)
      })
    },
    finish(status) {
      const text = tellsStatus ? JSON.stringify(status) : statusText(status)
      void allSent([stdout, stderr]).then(() => {
        if (text !== '') connection.send(channels.error, Buffer.from(text))
        connection.close()
      })
    },
    onClose: (listener) => connection.onClose(listener),
  }
}

function parseSize(payload: Uint8Array): TerminalSize | undefined {
  try {
    return decodeJson(payload) as TerminalSize
  } catch {
    return undefined
  }
}
