import { connect, type IncomingHttpHeaders } from 'node:http2'

/**
 * Calls a server's `grpc.health.v1.Health/Check`. Implemented without a library: the request is one string field and
 * the response one enumeration, and a library would be larger than the rest of the agent.
 */
export async function grpcProbe({
  host,
  port,
  service,
  timeout,
}: {
  host: string
  port: number
  service: string
  timeout: number
}): Promise<{ ok: boolean; message: string }> {
  const session = connect(`http://${host}:${port}`)
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      check(session, service),
      new Promise<never>((_resolve, reject) => session.once('error', reject)),
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
          () => reject(new Error(`timeout: failed to connect service "${host}:${port}" within ${timeout / 1_000}s`)),
          timeout,
        )
      }),
    ])
  } finally {
    clearTimeout(timer)
    session.on('error', () => undefined)
    session.destroy()
  }
}

async function check(session: ReturnType<typeof connect>, service: string): Promise<{ ok: boolean; message: string }> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'kube-probe/1.36',
  })
  let status = ''
  const remember = (headers: IncomingHttpHeaders): void => {
    status = String(headers['grpc-status'] ?? status)
  }
  stream.on('response', remember)
  stream.on('trailers', remember)
  stream.end(healthRequest(service))
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  if (status === '12')
    return {
      ok: false,
      message: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)',
    }
  if (status !== '0') return { ok: false, message: `error: health rpc failed with grpc status ${status || 'unknown'}` }
  const serving = servingStatus(Buffer.concat(chunks))
  return { ok: serving === 1, message: `service unhealthy (responded with "${names[serving] ?? String(serving)}")` }
}

const names: Record<number, string> = { 0: 'UNKNOWN', 1: 'SERVING', 2: 'NOT_SERVING', 3: 'SERVICE_UNKNOWN' }

/** `HealthCheckRequest{service}` in a gRPC frame: uncompressed flag, length, message. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name])
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  return Buffer.concat([frame, message])
}

/** `HealthCheckResponse.status`; zero is the default and not encoded. */
export const servingStatus = (frame: Buffer): number => (frame.length >= 7 && frame[5] === 0x08 ? (frame[6] ?? 0) : 0)
