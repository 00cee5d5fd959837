import type { ServiceError } from '@grpc/grpc-js'
import { Status as status } from '@grpc/grpc-js/build/src/constants.js'
import type { Service } from 'protobufjs'
import type { Call } from './protocol.ts'

/** A call failed, in the words of Go's clients: `rpc error: code = NotFound desc = …`. */
export class RpcFailed extends Error {
  readonly code: number

  constructor({ code, details }: ServiceError) {
    super(`rpc error: code = ${nameOf(code)} desc = ${details}`)
    this.code = code
  }
}

const nameOf = (code: number): string => {
  const words = (status[code] ?? 'UNKNOWN').toLowerCase().split('_')
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
}

/** Request and answer of each method of a service. */
type CallsOf<Calls> = { [Name in keyof Calls]: Call<object, object> }

export interface UnixService<Calls extends CallsOf<Calls>> {
  /**
   * Calls a method on a connection of its own, as the kubelet does: the server may have been replaced since the last.
   * @throws RpcFailed
   */
  call<Name extends keyof Calls & string>(
    socket: string,
    method: Name,
    request: Calls[Name]['request'],
    timeoutMs: number,
  ): Promise<Calls[Name]['answer']>
}

/**
 * The client side of a service on unix sockets. Its libraries are loaded by the first call: most workers have no drivers.
 * @param proto text of the service and its messages
 * @param name with its package
 */
export function unixService<Calls extends CallsOf<Calls>>(proto: string, name: string): UnixService<Calls> {
  let service: Promise<Service> | undefined
  return {
    async call(socket, method, request, timeoutMs) {
      const { Client, credentials, Metadata } = await import('@grpc/grpc-js')
      const { methods } = await (service ??= readService(proto, name))
      const { resolvedRequestType, resolvedResponseType } = methods[method] ?? {}
      if (!resolvedRequestType || !resolvedResponseType) throw new Error(`${name} has no method ${method}`)
      const client = new Client(`unix:${socket}`, credentials.createInsecure())
      try {
        return await new Promise((resolve, reject) =>
          client.makeUnaryRequest(
            `/${name}/${method}`,
            (message: object) =>
              Buffer.from(resolvedRequestType.encode(resolvedRequestType.fromObject(message)).finish()),
            (bytes: Buffer) => resolvedResponseType.toObject(resolvedResponseType.decode(bytes), asPlain) as never,
            request,
            new Metadata(),
            { deadline: Date.now() + timeoutMs },
            (error, answer) => {
              if (error) reject(new RpcFailed(error))
              else if (answer === undefined) reject(new Error(`${name}/${method} gave no answer`))
              else resolve(answer)
            },
          ),
        )
      } finally {
        client.close()
      }
    },
  }
}

async function readService(proto: string, name: string): Promise<Service> {
  const { default: protobuf } = await import('protobufjs')
  return protobuf.parse(proto, { keepCase: true }).root.resolveAll().lookupService(name)
}

/** Numbers instead of 64-bit objects: sizes of volumes fit. */
const asPlain = { longs: Number, enums: String, defaults: true } as const
