import { applyPatch, type Operation } from 'rfc6902'
import type { MutatingWebhook, ValidatingWebhook } from '#shared/kube/generated/types.ts'
import { jsonClone, jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from '#shared/kube/resources.ts'
import { ApiError, badRequest, internal } from '#shared/kube/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../api/admission.ts'
import type { ResourceKey } from '../api/reader.ts'
import type { WebhookCaller } from './call.ts'
import { admissionRequest, deniedBy, parseReview, type AdmissionResponse, type AdmissionReview } from './review.ts'
import { matchesRequest } from './rules.ts'

/**
 * Whether all match conditions of a webhook hold. @throws Error when one cannot be evaluated and none is false
 */
export type ConditionCheck = (
  conditions: MutatingWebhook['matchConditions'],
  attributes: AdmissionAttributes,
) => boolean

export interface WebhookOptions {
  call: WebhookCaller
  conditionsHold: ConditionCheck
  log: Log
}

/** MutatingAdmissionWebhook: calls webhooks one at a time, in the order of their configurations' names. */
export function mutatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  return {
    name: 'MutatingAdmissionWebhook',
    admit(attributes) {
      const webhooks = configured(attributes, mutatingWebhookConfigurations)
      return webhooks.length === 0 ? undefined : mutate(options, webhooks, attributes)
    },
  }
}

/** ValidatingAdmissionWebhook: calls all webhooks in parallel; the first refusal in their order is returned. */
export function validatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(attributes) {
      const webhooks = configured(attributes, validatingWebhookConfigurations)
      return webhooks.length === 0 ? undefined : validateAll(options, webhooks, attributes)
    },
  }
}

/** Webhooks of all configurations, read from memory; most clusters have none. */
function configured<T>({ reader }: AdmissionAttributes, resource: ResourceKey<KubeObject & { webhooks?: T[] }>): T[] {
  const configurations = reader.list(resource)
  if (configurations.length === 0) return []
  return [...configurations]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(({ webhooks }) => webhooks ?? [])
}

/** Calls a webhook with reinvocationPolicy IfNeeded again when a later one has changed the object. */
async function mutate(
  options: WebhookOptions,
  webhooks: readonly MutatingWebhook[],
  attributes: AdmissionAttributes,
): Promise<void> {
  const asked = new Map<MutatingWebhook, KubeObject | undefined>()
  for (const webhook of webhooks)
    if (await mutateBy(options, webhook, attributes)) asked.set(webhook, jsonClone(attributes.object))
  for (const [webhook, left] of asked)
    if (webhook.reinvocationPolicy === 'IfNeeded' && !jsonEqual(left, attributes.object))
      await mutateBy(options, webhook, attributes)
}

/** @returns whether the webhook was called. @throws ApiError */
async function mutateBy(
  options: WebhookOptions,
  webhook: MutatingWebhook,
  attributes: AdmissionAttributes,
): Promise<boolean> {
  const response = await ask(options, webhook, attributes)
  if (!response) return false
  const { object } = attributes
  if (response.patch && object) {
    const problem = applyInPlace(object, response.patch)
    if (problem === undefined) attributes.conform()
    else if (webhook.failurePolicy !== 'Ignore') throw internal(problem)
  }
  return true
}

/** @returns what is wrong with the patch, in which case the object is unchanged */
function applyInPlace(object: KubeObject, patch: unknown[]): string | undefined {
  const draft: KubeObject = jsonClone(object)
  for (const problem of applyPatch(draft, patch as Operation[]))
    if (problem) return `the patch of a webhook cannot be applied: ${problem.message}`
  const fields = object as unknown as Record<string, unknown>
  for (const field of Object.keys(fields)) delete fields[field]
  Object.assign(object, draft)
  return undefined
}

async function validateAll(
  options: WebhookOptions,
  webhooks: readonly ValidatingWebhook[],
  attributes: AdmissionAttributes,
): Promise<void> {
  const results = await Promise.allSettled(webhooks.map((webhook) => ask(options, webhook, attributes)))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Calls a webhook if the request matches it. @throws ApiError when it refuses or fails */
async function ask(
  options: WebhookOptions,
  webhook: ValidatingWebhook,
  attributes: AdmissionAttributes,
): Promise<AdmissionResponse | undefined> {
  if (!matchesRequest(webhook, attributes)) return undefined
  let response: AdmissionResponse
  try {
    if (!options.conditionsHold(webhook.matchConditions, attributes)) return undefined
    if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun')
      throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`)
    response = await review(options, webhook, attributes)
  } catch (error) {
    if (error instanceof ApiError) throw error
    if (webhook.failurePolicy === 'Ignore') {
      options.log.warn('failed calling webhook, failing open', { webhook: webhook.name, error: messageOf(error) })
      return undefined
    }
    throw internal(`failed calling webhook ${JSON.stringify(webhook.name)}: ${messageOf(error)}`)
  }
  for (const warning of response.warnings) attributes.warn(warning)
  if (!response.allowed) throw deniedBy(webhook.name, response.status)
  return response
}

async function review(
  { call }: WebhookOptions,
  webhook: ValidatingWebhook,
  attributes: AdmissionAttributes,
): Promise<AdmissionResponse> {
  const version = webhook.admissionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1'
  const asked: AdmissionReview = {
    apiVersion: `admission.k8s.io/${version}`,
    kind: 'AdmissionReview',
    request: admissionRequest(attributes),
  }
  const answer = await call(webhook.clientConfig, asked, (webhook.timeoutSeconds ?? 10) * 1000)
  return parseReview(answer, asked)
}
