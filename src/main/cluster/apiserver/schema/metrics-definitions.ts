import type { JsonSchema } from '#shared/kube/patch/type-node.ts'

const meta = '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1'
const group = 'io.k8s.metrics.pkg.apis.metrics.v1beta1'

const usage: JsonSchema = {
  type: 'object',
  description: 'Usage by the name of the resource: cpu in cores, memory in bytes.',
  additionalProperties: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity' },
}
const common: Record<string, JsonSchema> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: { $ref: `${meta}.ObjectMeta` },
  timestamp: { $ref: `${meta}.Time`, description: 'The end of the window over which CPU usage was measured.' },
  window: { type: 'string', description: 'The length of that window: `10.012s`.' },
}

/** The types of `metrics.k8s.io`, which the client library's models lack. */
export const metricsDefinitions: Readonly<Record<string, JsonSchema>> = {
  [`${group}.NodeMetrics`]: {
    type: 'object',
    description: 'Usage of a node.',
    required: ['timestamp', 'usage', 'window'],
    properties: { ...common, usage },
  },
  [`${group}.PodMetrics`]: {
    type: 'object',
    description: 'Usage of the containers of a pod.',
    required: ['containers', 'timestamp', 'window'],
    properties: {
      ...common,
      containers: { type: 'array', items: { $ref: `#/components/schemas/${group}.ContainerMetrics` } },
    },
  },
  [`${group}.ContainerMetrics`]: {
    type: 'object',
    description: 'Usage of a container.',
    required: ['name', 'usage'],
    properties: { name: { type: 'string' }, usage },
  },
}
