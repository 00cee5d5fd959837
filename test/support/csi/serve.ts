import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { messageOf } from '#shared/base/message-of.ts'

/** Answers a call; what it throws is its failure. `code`: of gRPC. */
export type Handlers = Record<string, (request: Record<string, unknown>) => Promise<object> | object>

/** Serves a service of a proto text on a unix socket. @returns its stop */
export async function serve(
  socket: string,
  services: readonly { proto: string; name: string; handlers: Handlers }[],
): Promise<() => void> {
  const server = new Server()
  for (const { proto, name, handlers } of services) {
    const service = protobuf.parse(proto, { keepCase: true }).root.resolveAll().lookupService(name)
    const implementation: UntypedServiceImplementation = {}
    const definition = Object.fromEntries(
      Object.entries(service.methods).map(
        ([method, { resolvedRequestType: request, resolvedResponseType: response }]) => {
          if (!request || !response) throw new Error(`${method} has no types`)
          implementation[method] = (
            call: { request: Record<string, unknown> },
            answer: (error: object | null, value?: object) => void,
          ) => {
            Promise.resolve()
              .then(() => handlers[method]?.(call.request) ?? {})
              .then((value) => answer(null, value))
              .catch((error: unknown) => answer({ code: codeOf(error), details: messageOf(error) }))
          }
          return [
            method,
            {
              path: `/${name}/${method}`,
              requestStream: false as const,
              responseStream: false as const,
              requestSerialize: (message: object) => Buffer.from(request.encode(request.fromObject(message)).finish()),
              requestDeserialize: (bytes: Buffer) =>
                request.toObject(request.decode(bytes), { longs: Number, enums: String, defaults: true }),
              responseSerialize: (message: object) =>
                Buffer.from(response.encode(response.fromObject(message)).finish()),
              responseDeserialize: (bytes: Buffer) => response.toObject(response.decode(bytes)),
            },
          ]
        },
      ),
    )
    server.addService(definition, implementation)
  }
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
      if (error) reject(error)
      else resolve()
    }),
  )
  return () => server.forceShutdown()
}

const internal = 13

const codeOf = (error: unknown): number =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : internal
