import type { CustomResourceDefinition } from '#shared/kube/generated/types.ts'
import type { Named } from '#shared/kube/object.ts'
import { definition } from './definition.ts'
import {
  atomicList,
  conditions,
  controllerName,
  group,
  kind,
  namespaceName,
  object,
  objectName,
  oneOf,
  port,
  preciseHostname,
  rules,
  sectionName,
  text,
} from './schema.ts'

const localReference = object({ group, kind, name: objectName }, { required: ['group', 'kind', 'name'] })

const validation = object(
  {
    caCertificateRefs: atomicList(localReference, 8, {
      description: 'ConfigMaps with certificates of authorities in their key ca.crt.',
    }),
    wellKnownCACertificates: oneOf(['System']),
    hostname: { ...preciseHostname, description: 'Sent as SNI, and looked for in the certificate.' },
    subjectAltNames: atomicList(
      object(
        { type: oneOf(['Hostname', 'URI']), hostname: text(253), uri: text(253) },
        {
          required: ['type'],
          ...rules(
            [
              "self.type == 'Hostname' ? has(self.hostname) : true",
              'SubjectAltName element must contain Hostname, if Type is set to Hostname',
            ],
            [
              "self.type == 'URI' ? has(self.uri) : true",
              'SubjectAltName element must contain URI, if Type is set to URI',
            ],
          ),
        },
      ),
      5,
    ),
  },
  {
    required: ['hostname'],
    ...rules(
      [
        '!(has(self.caCertificateRefs) && size(self.caCertificateRefs) > 0 && has(self.wellKnownCACertificates))',
        'must not contain both CACertificateRefs and WellKnownCACertificates',
      ],
      [
        '(has(self.caCertificateRefs) && size(self.caCertificateRefs) > 0) || has(self.wellKnownCACertificates)',
        'must specify either CACertificateRefs or WellKnownCACertificates',
      ],
    ),
  },
)

const ancestorReference = object(
  { group, kind, namespace: namespaceName, name: objectName, sectionName, port },
  { required: ['name'] },
)

export const backendTlsPolicyDefinition: CustomResourceDefinition & Named = definition({
  kind: 'BackendTLSPolicy',
  plural: 'backendtlspolicies',
  shortNames: ['btlspolicy'],
  scope: 'Namespaced',
  versions: ['v1'],
  description: 'How Gateways speak TLS to a Service.',
  spec: object(
    {
      targetRefs: atomicList(
        object({ group, kind, name: objectName, sectionName }, { required: ['group', 'kind', 'name'] }),
        16,
        { minItems: 1, description: 'Services of this namespace, or their ports.' },
      ),
      validation,
      options: { type: 'object', additionalProperties: { type: 'string', maxLength: 4_096 }, maxProperties: 16 },
    },
    { required: ['targetRefs', 'validation'] },
  ),
  status: object(
    {
      ancestors: atomicList(
        object(
          { ancestorRef: ancestorReference, controllerName, conditions: conditions() },
          { required: ['ancestorRef', 'conditions', 'controllerName'] },
        ),
        16,
      ),
    },
    { required: ['ancestors'] },
  ),
})
