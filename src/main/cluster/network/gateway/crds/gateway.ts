import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'
import { definition } from './definition.ts'
import {
  atomicList,
  conditions,
  controllerName,
  group,
  hostname,
  integer,
  kind,
  listBy,
  namespaceName,
  object,
  objectName,
  oneOf,
  port,
  rules,
  sectionName,
  text,
} from './schema.ts'

export const gatewayClassDefinition: CustomResourceDefinition & Named = definition({
  kind: 'GatewayClass',
  plural: 'gatewayclasses',
  shortNames: ['gc'],
  scope: 'Cluster',
  versions: ['v1', 'v1beta1'],
  columns: [
    { name: 'Controller', type: 'string', jsonPath: '.spec.controllerName' },
    { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
    { name: 'Description', type: 'string', jsonPath: '.spec.description', priority: 1 },
  ],
  description: 'A class of Gateways, which one controller serves.',
  spec: object(
    {
      controllerName: {
        ...controllerName,
        description: 'The controller that serves Gateways of the class.',
        ...rules(['self == oldSelf', 'Value is immutable']),
      },
      description: { type: 'string', maxLength: 64 },
      parametersRef: object(
        { group, kind, name: objectName, namespace: namespaceName },
        { required: ['group', 'kind', 'name'] },
      ),
    },
    { required: ['controllerName'] },
  ),
  status: object({
    conditions: conditions(['Accepted']),
    supportedFeatures: listBy('name', object({ name: { type: 'string' } }, { required: ['name'] }), 64),
  }),
  statusDefault: {
    conditions: [
      {
        type: 'Accepted',
        status: 'Unknown',
        reason: 'Waiting',
        message: 'Waiting for controller',
        lastTransitionTime: '1970-01-01T00:00:00Z',
      },
    ],
  },
})

const secretReference = object(
  {
    group: { ...group, default: '' },
    kind: { ...kind, default: 'Secret' },
    name: objectName,
    namespace: { ...namespaceName, description: 'Another namespace needs a ReferenceGrant there.' },
  },
  { required: ['name'] },
)

const tls = object(
  {
    mode: oneOf(['Terminate', 'Passthrough'], { default: 'Terminate' }),
    certificateRefs: atomicList(secretReference, 64, { description: 'Secrets with `tls.crt` and `tls.key`.' }),
    options: {
      type: 'object',
      maxProperties: 16,
      additionalProperties: { type: 'string', maxLength: 4_096 },
      description: 'Keys of implementations; `slipway.dev/certificate: cluster` is a certificate of the cluster.',
    },
  },
  rules([
    "self.mode == 'Terminate' ? (has(self.certificateRefs) && size(self.certificateRefs) > 0) || " +
      '(has(self.options) && size(self.options) > 0) : true',
    'certificateRefs or options must be specified when mode is Terminate',
  ]),
)

const caReference = object(
  {
    group: { ...group, description: 'Of ConfigMaps and Secrets: empty.' },
    kind,
    name: objectName,
    namespace: { ...namespaceName, description: 'Another namespace needs a ReferenceGrant there.' },
  },
  { required: ['group', 'kind', 'name'] },
)

const frontendTls = {
  validation: object(
    {
      caCertificateRefs: atomicList(caReference, 8, {
        minItems: 1,
        description: 'Authorities of the certificates of clients: `ca.crt` of ConfigMaps or Secrets.',
      }),
      mode: oneOf(['AllowValidOnly', 'AllowInsecureFallback'], { default: 'AllowValidOnly' }),
    },
    { required: ['caCertificateRefs'], description: 'Whose certificates clients have to show.' },
  ),
}

const gatewayTls = object({
  backend: object({ clientCertificateRef: secretReference }),
  frontend: object(
    {
      default: object(frontendTls, { description: 'For all HTTPS listeners.' }),
      perPort: listBy('port', object({ port, tls: object(frontendTls) }, { required: ['port', 'tls'] }), 64, {
        description: 'For those of a port, in place of the default.',
      }),
    },
    { required: ['default'] },
  ),
})

const labelSelector = object(
  {
    matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
    matchExpressions: atomicList(
      object(
        { key: { type: 'string' }, operator: { type: 'string' }, values: atomicList({ type: 'string' }, 1_024) },
        { required: ['key', 'operator'] },
      ),
      64,
    ),
  },
  { 'x-kubernetes-map-type': 'atomic' },
)

const routeGroupKind = object(
  { group: { ...group, default: 'gateway.networking.k8s.io' }, kind },
  { required: ['kind'] },
)

const allowedRoutes = object(
  {
    namespaces: object(
      { from: oneOf(['All', 'Selector', 'Same', 'None'], { default: 'Same' }), selector: labelSelector },
      { default: { from: 'Same' } },
    ),
    kinds: atomicList(routeGroupKind, 8),
  },
  { default: { namespaces: { from: 'Same' } }, description: 'Which routes may attach.' },
)

const allowedListeners = object(
  {
    namespaces: object(
      { from: oneOf(['All', 'Selector', 'Same', 'None'], { default: 'None' }), selector: labelSelector },
      { default: { from: 'None' } },
    ),
  },
  { description: 'Whose ListenerSets may add listeners.' },
)

const listener = object(
  {
    name: sectionName,
    hostname: { ...hostname, description: 'Host, or `*.parent`; any when unset.' },
    port,
    protocol: text(255, {
      pattern:
        '^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+$',
    }),
    tls,
    allowedRoutes,
  },
  { required: ['name', 'port', 'protocol'] },
)

const listeners = listBy('name', listener, 64, {
  minItems: 1,
  ...rules(
    [
      "self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)",
      "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']",
    ],
    [
      "self.all(l, (l.protocol == 'HTTPS' && has(l.tls)) ? (!has(l.tls.mode) || l.tls.mode == 'Terminate') : true)",
      'tls mode must be Terminate for protocol HTTPS',
    ],
    [
      "self.all(l, l.protocol == 'TLS' ? has(l.tls) && has(l.tls.mode) : true)",
      'tls mode must be set for protocol TLS',
    ],
    [
      "self.all(l, l.protocol in ['TCP', 'UDP'] ? (!has(l.hostname) || l.hostname == '') : true)",
      "hostname must not be specified for protocols ['TCP', 'UDP']",
    ],
    ['self.all(l1, self.exists_one(l2, l1.name == l2.name))', 'Listener name must be unique within the Gateway'],
    [
      'self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && ' +
        "(has(l1.hostname) ? l1.hostname : '') == (has(l2.hostname) ? l2.hostname : '')))",
      'Combination of port, protocol and hostname must be unique for each listener',
    ],
  ),
})

const listenerStatuses = listBy(
  'name',
  object(
    {
      name: sectionName,
      supportedKinds: atomicList(routeGroupKind, 8),
      attachedRoutes: integer(0),
      conditions: conditions(),
    },
    { required: ['attachedRoutes', 'conditions', 'name'] },
  ),
  64,
)

const pending = (type: string): object => ({
  type,
  status: 'Unknown',
  reason: 'Pending',
  message: 'Waiting for controller',
  lastTransitionTime: '1970-01-01T00:00:00Z',
})

export const gatewayDefinition: CustomResourceDefinition & Named = definition({
  kind: 'Gateway',
  plural: 'gateways',
  shortNames: ['gtw'],
  scope: 'Namespaced',
  versions: ['v1', 'v1beta1'],
  columns: [
    { name: 'Class', type: 'string', jsonPath: '.spec.gatewayClassName' },
    { name: 'Address', type: 'string', jsonPath: '.status.addresses[*].value' },
    { name: 'Programmed', type: 'string', jsonPath: '.status.conditions[?(@.type=="Programmed")].status' },
  ],
  description: 'A way into the cluster: listeners, to which routes attach.',
  spec: object(
    {
      gatewayClassName: objectName,
      listeners,
      allowedListeners,
      tls: gatewayTls,
      addresses: atomicList(
        object({
          type: text(253, { default: 'IPAddress' }),
          value: { type: 'string', maxLength: 253 },
        }),
        16,
        { description: 'Addresses that are asked for; any when unset.' },
      ),
      infrastructure: object({
        labels: { type: 'object', maxProperties: 8, additionalProperties: { type: 'string', maxLength: 63 } },
        annotations: { type: 'object', maxProperties: 8, additionalProperties: { type: 'string', maxLength: 4_096 } },
        parametersRef: object({ group, kind, name: objectName }, { required: ['group', 'kind', 'name'] }),
      }),
    },
    { required: ['gatewayClassName', 'listeners'] },
  ),
  status: object({
    addresses: atomicList(
      object({ type: text(253, { default: 'IPAddress' }), value: text(253) }, { required: ['value'] }),
      16,
    ),
    conditions: conditions(['Accepted', 'Programmed']),
    listeners: listenerStatuses,
    attachedListenerSets: integer(0, undefined, { description: 'How many ListenerSets add listeners.' }),
  }),
  statusDefault: { conditions: [pending('Accepted'), pending('Programmed')] },
})

export const listenerSetDefinition: CustomResourceDefinition & Named = definition({
  kind: 'ListenerSet',
  plural: 'listenersets',
  shortNames: ['lset'],
  scope: 'Namespaced',
  versions: ['v1'],
  columns: [
    { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
    { name: 'Programmed', type: 'string', jsonPath: '.status.conditions[?(@.type=="Programmed")].status' },
  ],
  description: 'Listeners that are added to a Gateway which allows it.',
  spec: object(
    {
      parentRef: object(
        {
          group: { ...group, default: 'gateway.networking.k8s.io' },
          kind: { ...kind, default: 'Gateway' },
          name: objectName,
          namespace: namespaceName,
        },
        { required: ['name'], description: 'The Gateway.' },
      ),
      listeners,
    },
    { required: ['listeners', 'parentRef'] },
  ),
  status: object({ conditions: conditions(['Accepted', 'Programmed']), listeners: listenerStatuses }),
  statusDefault: { conditions: [pending('Accepted'), pending('Programmed')] },
})
