import { expect, it } from 'vitest'
import type { RbacAuthorizer } from '../auth/rbac.ts'
import type { WebhookOptions } from '../webhooks/webhooks.ts'
import { systemClock } from '#shared/base/clock.ts'
import { ResourceTable } from '../api/resources.ts'
import { admissionPlugins } from './index.ts'

/** `AllOrderedPlugins` of Kubernetes v1.36 (pkg/kubeapiserver/options/plugins.go), those that are on by default. */
const upstream = [
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'PodSecurity',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'PodTopologyLabels',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
]

it('runs the plugins that Kubernetes enables by default, in its order', () => {
  const plugins = admissionPlugins({
    clock: systemClock,
    rbac: {} as RbacAuthorizer,
    webhooks: {} as WebhookOptions,
    quota: { writeStatus: () => Promise.reject(new Error('not asked')) },
    resources: new ResourceTable([], () => undefined),
  })
  const names = plugins.map(({ name }) => name)
  expect(names.filter((name) => upstream.includes(name))).toEqual(upstream)
})
