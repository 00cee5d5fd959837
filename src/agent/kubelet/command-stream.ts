import type { Duplex, Readable } from 'node:stream'
import {
  channels,
  decodeJson,
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
  type Frame,
  type TerminalSize,
} from '#shared/kube/stream-frames.ts'
import { eachChunk, type Flows } from './flow.ts'
import type { AttachSession, ExecSession } from './runtime/runtime.ts'

/** Joins a command's session to a stream of frames, in both directions with backpressure; then sends its final Status. */
export async function serveCommand(stream: Duplex, session: ExecSession, flows: Flows): Promise<void> {
  stream.on('error', () => undefined)
  const gone = new Promise<void>((resolve) => {
    stream.once('close', () => {
      session.end()
      resolve()
    })
  })
  const output = Promise.all([
    sendOutput(session.stdout, channels.stdout, stream, flows),
    sendOutput(session.stderr, channels.stderr, stream, flows),
  ])
  takeInput(stream, session, flows)
  const [{ code, failure }] = await Promise.all([session.exit(), Promise.race([output, gone])])
  if (stream.destroyed || stream.writableEnded) return
  stream.end(
    encodeJsonFrame(
      channels.error,
      failure === undefined ? exitStatus(code) : failureStatus(`error executing command in container: ${failure}`),
    ),
  )
}

async function sendOutput(source: Readable, channel: number, stream: Duplex, flows: Flows): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>)
    if (!(await flows.write(stream, encodeFrame(channel, chunk)))) return
}

/** Reads the next piece of input when the process has taken the last one; an invalid frame ends the stream. */
function takeInput(stream: Duplex, session: AttachSession, flows: Flows): void {
  const decoder = new FrameDecoder()
  session.stdin.on('error', () => undefined)
  eachChunk(
    stream,
    async (chunk) => {
      for (const frame of decoder.push(chunk)) await takeFrame(frame, session, flows)
    },
    () => stream.destroy(new Error('an invalid frame')),
  )
}

async function takeFrame({ channel, payload }: Frame, session: AttachSession, flows: Flows): Promise<void> {
  if (channel === channels.stdin) await flows.write(session.stdin, payload)
  else if (channel === channels.close && payload[0] === channels.stdin) session.stdin.end()
  else if (channel === channels.resize) {
    const size = decodeJson(payload) as Partial<TerminalSize> | null
    if (isDimension(size?.Width) && isDimension(size?.Height))
      session.resize({ columns: size.Width, rows: size.Height }).catch(() => undefined)
  }
}

const isDimension = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535

const exitStatus = (code: number): unknown =>
  code === 0
    ? { metadata: {}, status: 'Success' }
    : {
        metadata: {},
        status: 'Failure',
        message: `command terminated with exit code ${code}`,
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
      }

const failureStatus = (message: string): unknown => ({
  metadata: {},
  status: 'Failure',
  message,
  reason: 'InternalError',
  code: 500,
})
