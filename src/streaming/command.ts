import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  channels,
  decodeJson,
  encodeCloseFrame,
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
} from '#shared/kube/stream-frames.ts'
import type { CommandClient, CommandStatus, CommandStreams } from './command-client.ts'
import { spdyClient } from './command-spdy.ts'
import { chooseCommandProtocol, webSocketClient } from './command-web-socket.ts'
import type { Upgrade } from './upgrade.ts'
import { isWebSocket } from './web-socket.ts'

/**
 * Joins the client's streams, by WebSocket or SPDY, to those of a command.
 * @param start runs the command once the client's protocol is known; its stream carries frames (`stream-frames.ts`)
 * @throws ApiError 400 when no protocol fits
 */
export async function serveCommand({
  message,
  upgrade,
  streams,
  start,
}: {
  message: IncomingMessage
  upgrade: Upgrade
  streams: CommandStreams
  start(): Promise<Duplex>
}): Promise<void> {
  const protocol = isWebSocket(message) ? chooseCommandProtocol(message) : undefined
  const command = await start()
  let client: CommandClient
  try {
    client =
      protocol === undefined
        ? await spdyClient(message, upgrade, streams)
        : await webSocketClient(message, upgrade, protocol, streams)
  } catch (error) {
    command.destroy()
    throw error
  }
  joinCommand(client, command)
}

/** Copies between client and node until the command ends or either side disconnects. */
export function joinCommand(client: CommandClient, node: Duplex): void {
  let isOver = false
  const finish = (status: CommandStatus): void => {
    if (isOver) return
    isOver = true
    client.finish(status)
    node.destroy()
  }
  node.on('error', () => undefined)
  client.onClose(() => {
    isOver = true
    node.destroy()
  })
  client.onResize((size) => {
    if (!node.destroyed && !node.writableEnded) node.write(encodeJsonFrame(channels.resize, size))
  })
  if (client.stdin) void sendInput(client.stdin, node)
  void deliverOutput(client, node).then(
    (status) => finish(status ?? lost),
    () => finish(lost),
  )
}

async function sendInput(stdin: Readable, node: Duplex): Promise<void> {
  async function* frames(source: AsyncIterable<Buffer>): AsyncIterable<Uint8Array> {
    for await (const chunk of source) yield encodeFrame(channels.stdin, chunk)
    yield encodeCloseFrame(channels.stdin)
  }
  try {
    // The stream stays open after the input: resizes of the terminal may follow.
    await pipeline(stdin, frames, node, { end: false })
  } catch {
    // One side has disconnected; the other learns it when its connection is closed.
  }
}

/** @returns the command's final Status; undefined when the node disconnects before sending it */
async function deliverOutput(client: CommandClient, node: Duplex): Promise<CommandStatus | undefined> {
  const decoder = new FrameDecoder()
  for await (const chunk of node) {
    for (const { channel, payload } of decoder.push(chunk as Buffer)) {
      if (channel === channels.stdout) await write(client.stdout, payload)
      else if (channel === channels.stderr) await write(client.stderr, payload)
      else if (channel === channels.error) return decodeJson(payload) as CommandStatus
    }
  }
  return undefined
}

/** Waits for a slow client, so that the node waits too. */
async function write(output: Writable | undefined, payload: Uint8Array): Promise<void> {
  if (!output || output.destroyed || payload.length === 0 || output.write(payload)) return
  await new Promise<void>((resolve) => {
    const go = (): void => {
      output.off('drain', go)
      output.off('close', go)
      resolve()
    }
    output.on('drain', go)
    output.on('close', go)
  })
}

const lost: CommandStatus = {
  metadata: {},
  status: 'Failure',
  message: 'Internal error occurred: the connection to the node was lost',
  reason: 'InternalError',
  code: 500,
}
