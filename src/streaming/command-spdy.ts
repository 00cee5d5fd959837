import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TerminalSize } from '#shared/kube/stream-frames.ts'
import { badRequest } from '#shared/kube/status.ts'
import { allSent, statusText, type CommandClient, type CommandStreams } from './command-client.ts'
import { createSpdySession } from './spdy/session.ts'
import type { SpdyStream } from './spdy/stream.ts'
import { switchProtocols, type Upgrade } from './upgrade.ts'

const protocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io']
const openWithin = 30_000

/** A command's client over SPDY/3.1, as kubectl before 1.30 and as the fallback of later ones. @throws ApiError 400 */
export async function spdyClient(
  message: IncomingMessage,
  upgrade: Upgrade,
  streams: CommandStreams,
): Promise<CommandClient> {
  const offered = offeredVersions(message)
  const protocol = protocols.find((candidate) => offered.includes(candidate))
  if (protocol === undefined)
    throw badRequest(
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${protocols.join(' ')}]`,
    )
  const carrier = switchProtocols(upgrade, 'SPDY/3.1', { 'X-Stream-Protocol-Version': protocol })
  return clientOf(carrier, protocol, streams)
}

export const offeredVersions = ({ headersDistinct }: IncomingMessage): string[] =>
  (headersDistinct['x-stream-protocol-version'] ?? []).flatMap((value) => value.split(',')).map((value) => value.trim())

/** Waits for the streams that the request announced. */
async function clientOf(carrier: Duplex, protocol: string, streams: CommandStreams): Promise<CommandClient> {
  const wanted = wantedTypes(protocol, streams)
  const opened = new Map<string, SpdyStream>()
  return new Promise((resolve, reject) => {
    const session = createSpdySession({
      carrier,
      onStream(stream) {
        const type = stream.headers['streamtype'] ?? ''
        if (!wanted.includes(type) || opened.has(type)) {
          stream.refuse()
          return
        }
        stream.accept()
        opened.set(type, stream)
        if (opened.size < wanted.length) return
        clearTimeout(timer)
        resolve(describe(session, opened, protocol))
      },
    })
    const timer = setTimeout(() => session.destroy(), openWithin)
    void session.closed.then(() => {
      clearTimeout(timer)
      reject(new Error('the client disconnected before its streams were open'))
    })
  })
}

function wantedTypes(protocol: string, { stdin, stdout, stderr, tty }: CommandStreams): string[] {
  const types = ['error']
  if (stdin) types.push('stdin')
  if (stdout) types.push('stdout')
  if (stderr) types.push('stderr')
  if (tty && /^v[345]/.test(protocol)) types.push('resize')
  return types
}

function describe(
  session: ReturnType<typeof createSpdySession>,
  opened: ReadonlyMap<string, SpdyStream>,
  protocol: string,
): CommandClient {
  const outputs = ['error', 'stdout', 'stderr'].flatMap((type) => opened.get(type) ?? [])
  // Nothing is received on these; reading makes their end visible.
  for (const output of outputs) output.resume()
  return {
    stdin: opened.get('stdin'),
    stdout: opened.get('stdout'),
    stderr: opened.get('stderr'),
    onResize(listener) {
      const resize = opened.get('resize')
      if (resize) readSizes(resize, listener)
    },
    finish(status) {
      const error = opened.get('error')
      const text = protocol.startsWith('v4') ? JSON.stringify(status) : statusText(status)
      void allSent(outputs.filter((output) => output !== error))
        .then(() => {
          error?.write(text)
          return allSent([error])
        })
        .then(() => session.end())
    },
    onClose: (listener) => void session.closed.then(listener),
  }
}

/** Terminal sizes are JSON documents, each followed by a newline. */
function readSizes(resize: SpdyStream, listener: (size: TerminalSize) => void): void {
  let pending = ''
  resize.on('data', (chunk: Buffer) => {
    pending += chunk.toString()
    for (let end = pending.indexOf('}'); end >= 0; end = pending.indexOf('}')) {
      const text = pending.slice(0, end + 1)
      pending = pending.slice(end + 1)
      try {
        listener(JSON.parse(text) as TerminalSize)
      } catch {
        // Invalid: ignored, as the next size replaces it.
      }
    }
  })
}
