import type { ValidatingWebhookConfiguration } from '#shared/kube/generated/types.ts'
import { checkWebhook, checkWebhookNames, setWebhookDefaults, webhookCount } from '../../validation/webhooks.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { age } from '../../api/columns.ts'

/** Webhooks that validate objects during admission. */
export const validatingWebhookConfiguration: KindDeclaration<ValidatingWebhookConfiguration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  unconditionalUpdate: false,
  plural: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  setDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) setWebhookDefaults(webhook)
  },
  validate({ webhooks = [] }) {
    const errors = checkWebhookNames(webhooks)
    webhooks.forEach((webhook, i) => checkWebhook(webhook, `webhooks[${i}]`, errors))
    return errors
  },
  columns: [webhookCount, age],
}
