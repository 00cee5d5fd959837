import type { IncomingMessage } from 'node:http'
import { duplexPair, type Duplex } from 'node:stream'
import { RequestRefused, type EdgeRequest } from '#shared/base/request-edge.ts'
import { requireStreams, streamParameters, streamsOf } from '#streaming/command-client.ts'
import { serveCommand as serveClient } from '#streaming/command.ts'
import { servePortForward } from '#streaming/port-forward.ts'
import type { Upgrade } from '#streaming/upgrade.ts'
import { serveCommand } from '../command-stream.ts'
import type { Flows } from '../flow.ts'
import {
  containerTarget,
  openAttach,
  openExec,
  openPort,
  podTarget,
  type ContainerTarget,
  type PodAccessOptions,
} from '../pod-access.ts'
import { joinPort } from '../pod-connection.ts'
import type { ExecSession } from '../runtime/runtime.ts'

export interface SessionRequest {
  request: EdgeRequest
  message: IncomingMessage
  upgrade: Upgrade
}

export type SessionOptions = PodAccessOptions & { flows: Flows }

/** By the first part of the path: what a client does in a pod on a connection that it upgrades (WebSocket or SPDY). */
export const sessions: ReadonlyMap<string, (options: SessionOptions, asked: SessionRequest) => Promise<void>> = new Map(
  [
    ['exec', (options, asked) => command(options, asked, openExec)],
    ['attach', (options, asked) => command(options, asked, openAttach)],
    ['portForward', portForward],
  ],
)

type Open = (
  options: PodAccessOptions,
  target: ContainerTarget,
  streams: { stdin: boolean; tty: boolean },
  command: readonly string[],
) => Promise<ExecSession>

/** @throws RequestRefused, ApiError */
async function command(
  options: SessionOptions,
  { request: { segments, query }, message, upgrade }: SessionRequest,
  open: Open,
): Promise<void> {
  const streams = streamsOf(query, streamParameters.kubelet)
  requireStreams(streams)
  const start = async (): Promise<Duplex> => {
    const session = await open(options, containerTarget(segments), streams, query.getAll('command'))
    return through((far) => serveCommand(far, session, options.flows))
  }
  await serveClient({ message, upgrade, streams, start })
}

/** @throws RequestRefused, ApiError */
async function portForward(
  options: SessionOptions,
  { request: { segments, query }, message, upgrade }: SessionRequest,
): Promise<void> {
  const target = podTarget(segments)
  if (!options.findPod(target.namespace, target.pod)) throw new RequestRefused(404, 'pod does not exist')
  const dial = async (port: number): Promise<Duplex> => {
    const connection = await openPort(options, target, port)
    return through((far) => joinPort(far, connection, options.flows))
  }
  await servePortForward({ message, upgrade, ports: query.getAll('port'), dial })
}

/** A stream whose other end is served as a stream of the tunnel is. Node 20's pairs do not end together. */
function through(serve: (far: Duplex) => Promise<void>): Duplex {
  const [near, far] = duplexPair()
  near.once('close', () => far.destroy())
  far.once('close', () => near.destroy())
  // A client that has gone is not a fault.
  serve(far).catch(() => far.destroy())
  return near
}
