import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/kube/status.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { decodeProtobuf } from './protobuf.ts'

type Write = (writer: ProtobufWriter) => void

/** Wraps an object in the envelope that Go clients use. */
function enveloped(apiVersion: string, kind: string, write: Write): Buffer {
  const writer = new ProtobufWriter()
  writer.message(1, (type) => {
    type.string(1, apiVersion)
    type.string(2, kind)
  })
  writer.message(2, write)
  return Buffer.concat([Buffer.from('k8s\0'), writer.finish()])
}

describe('a protobuf body', () => {
  it('decodes to the same value as JSON', () => {
    const bytes = enveloped('v1', 'Pod', (pod) => {
      pod.message(1, (meta) => {
        meta.string(1, 'p')
        meta.message(8, () => undefined)
        meta.message(11, (label) => {
          label.string(1, 'app')
          label.string(2, 'web')
        })
      })
      pod.message(2, (spec) => {
        spec.message(1, (volume) => {
          volume.string(1, 'v')
          volume.message(2, (source) => source.message(2, () => undefined))
        })
        spec.message(2, (container) => {
          container.string(1, 'c')
          container.message(8, (resources) =>
            resources.message(1, (limit) => {
              limit.string(1, 'cpu')
              limit.message(2, (quantity) => quantity.string(1, '500m'))
            }),
          )
          container.message(10, (probe) => {
            probe.message(1, (handler) =>
              handler.message(2, (http) => {
                http.string(1, '/healthz')
                http.message(2, (port) => {
                  port.integer(1, 1)
                  port.string(3, 'web')
                })
              }),
            )
            probe.integer(4, 10)
          })
        })
      })
    })
    expect(decodeProtobuf(bytes)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { app: 'web' } },
      spec: {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          {
            name: 'c',
            resources: { limits: { cpu: '500m' } },
            livenessProbe: { httpGet: { path: '/healthz', port: 'web' }, periodSeconds: 10 },
          },
        ],
      },
    })
  })

  it('keeps zero where it is significant', () => {
    // DeploymentSpec{replicas: 0, minReadySeconds: 0}: both are written, only the first is a pointer.
    const spec = Buffer.from([0x12, 4, 0x08, 0, 0x28, 0])
    const bytes = enveloped('apps/v1', 'Deployment', () => undefined)
    const body = Buffer.concat([bytes.subarray(0, -2), Buffer.from([0x12, spec.length]), spec])
    expect(decodeProtobuf(body)).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0 } })
  })

  it('decodes options under any group version', () => {
    const bytes = enveloped('apps/v1', 'DeleteOptions', (options) => options.string(4, 'Foreground'))
    expect(decodeProtobuf(bytes)).toMatchObject({ propagationPolicy: 'Foreground' })
  })

  it.each([
    ['no prefix', Buffer.from('{}')],
    ['an unknown kind', enveloped('v1', 'Nonsense', () => undefined)],
    [
      'a truncated message',
      enveloped('v1', 'Pod', (pod) => pod.message(1, (meta) => meta.string(1, 'name'))).subarray(0, -3),
    ],
  ])('is refused with 400: %s', (_, bytes) => {
    expect(() => decodeProtobuf(bytes)).toThrow(ApiError)
  })
})
