import type { Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { asNumber } from '#shared/kube/json.ts'
import { mirrorAnnotation, qosClassOf, restartsText, summarizePod, type PodSummary } from '#shared/kube/pod.ts'
import { fieldForbidden, fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { setPodDefaults } from '../../../defaulting/pod-spec.ts'
import { allMetadata, type Column, type KindDeclaration } from '../../../api/kind.ts'
import { handled, proxyVerbs } from '../../handled.ts'
import { checkPodImages } from '../../../validation/containers.ts'
import { checkPodSpec } from '../../../validation/pod-spec.ts'
import { bindPod } from './binding.ts'
import { evictPod } from './eviction.ts'
import { resizedSpec, resizeFindings, resourcesOf } from './resize.ts'
import { ephemeralContainersFindings, podAnnotationFindings, podUpdateFindings } from './update.ts'
import { podNameWarnings, podWarnings } from '../../../validation/pod-warnings.ts'
import { age, text, wide } from '../../../api/columns.ts'
import { podStatusFindings, setPodStatusDefaults } from './status.ts'

/** Containers that run together on one node. */
export const pod: KindDeclaration<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod',
  returnsDeleted: true,
  subresources: {
    attach: handled(['create', 'get'], 'PodAttachOptions'),
    binding: bindPod,
    ephemeralcontainers: {
      part: 'spec',
      field: 'ephemeralContainers',
      keepsMetadata: allMetadata,
      validate: (next, previous) => [...validate(next, previous), ...ephemeralContainersFindings(next, previous)],
    },
    eviction: evictPod,
    exec: handled(['create', 'get'], 'PodExecOptions'),
    log: { verbs: ['get'] },
    portforward: handled(['create', 'get'], 'PodPortForwardOptions'),
    proxy: handled(proxyVerbs, 'PodProxyOptions'),
    resize: {
      part: 'spec',
      keepsMetadata: allMetadata,
      restrict(next, previous) {
        if (previous.spec) next.spec = resizedSpec(next.spec, previous.spec)
      },
      restrictApplied(config) {
        if (config.spec) config.spec = resourcesOf(config.spec)
      },
      validate: (next, previous) => [...validate(next, previous), ...resizeFindings(next, previous)],
    },
  },
  setDefaults(object) {
    object.spec ??= { containers: [] }
    setPodDefaults(object.spec)
  },
  prepareForCreate,
  validate,
  warnings: (object, previous) => [...(previous ? [] : podNameWarnings(object)), ...podWarnings(object)],
  validateUpdate: (next, previous) => [...podAnnotationFindings(next, previous), ...podUpdateFindings(next, previous)],
  status: {
    validateStatus: podStatusFindings,
    setStatusDefaults: setPodStatusDefaults,
    prepareStatus(next, previous) {
      // Of a feature that is off in v1.36.
      delete next.status?.nodeAllocatableResourceClaimStatuses
      if (next.status && previous.status?.qosClass) next.status.qosClass ||= previous.status.qosClass
    },
  },
  deletionGrace,
  fields: {
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec?.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec?.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIP ?? '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  columns: [
    text('Ready', 'How many of its containers are ready.', (object) => {
      const { readyContainers, totalContainers } = summaryOf(object)
      return `${readyContainers}/${totalContainers}`
    }),
    text('Status', 'What its containers do, in one word.', (object) => summaryOf(object).status),
    restarts(),
    age,
    wide(text('IP', 'Its address.', ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '<none>')),
    wide(text('Node', 'Where it runs.', ({ spec }) => spec?.nodeName || '<none>')),
    wide(
      text('Nominated Node', 'Where room is being made for it.', ({ status }) => status?.nominatedNodeName || '<none>'),
    ),
    wide(text('Readiness Gates', 'How many of its readiness gates are open.', readinessGatesText)),
  ],
}

function prepareForCreate(object: Pod): void {
  object.status = { phase: 'Pending', qosClass: qosClassOf(object) }
  if (object.spec?.schedulingGates?.length)
    object.status.conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ]
}

function validate({ metadata, spec }: Pod, previous?: Pod): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.annotations?.[mirrorAnnotation] !== undefined && !spec?.nodeName)
    errors.push(
      fieldInvalid(
        `metadata.annotations[${mirrorAnnotation}]`,
        metadata.annotations[mirrorAnnotation],
        'must set spec.nodeName if mirror pod annotation is set',
      ),
    )
  checkPodSpec(spec ?? {}, 'spec', errors)
  checkPodImages(spec ?? {}, errors)
  if (!spec?.serviceAccountName) refuseTokens(spec?.volumes ?? [], errors)
  if (!previous && spec?.nodeName && spec.schedulingGates?.length)
    errors.push(fieldForbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
  if (!previous && spec?.ephemeralContainers?.length)
    errors.push(fieldForbidden('spec.ephemeralContainers', 'cannot be set on create'))
  return errors
}

/** A token is that of the pod's service account. */
function refuseTokens(volumes: NonNullable<PodSpec['volumes']>, errors: FieldError[]): void {
  volumes.forEach(({ projected }, i) =>
    projected?.sources?.forEach(({ serviceAccountToken }, j) => {
      if (serviceAccountToken)
        errors.push(
          fieldForbidden(
            `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`,
            'must not be specified when serviceAccountName is not set',
          ),
        )
    }),
  )
}

/** Pods without a node and terminated pods are deleted at once; others get their grace period. */
function deletionGrace({ spec, status }: Pod, requested: number | undefined): number {
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0
  const grace = asNumber(requested ?? spec.terminationGracePeriodSeconds ?? 30)
  return grace < 0 ? 1 : grace
}

/** Several columns show the same object's summary: keeps the last one. */
let summarized: { pod: Pod; summary: PodSummary } | undefined

function summaryOf(object: Pod): PodSummary {
  if (summarized?.pod !== object) summarized = { pod: object, summary: summarizePod(object) }
  return summarized.summary
}

function restarts(): Column<Pod> {
  return {
    name: 'Restarts',
    type: 'string',
    description: 'How often its containers were restarted, and when the last time.',
    value: (object, now) => restartsText(summaryOf(object), now),
  }
}

function readinessGatesText({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const open = gates.filter(({ conditionType }) =>
    status?.conditions?.some((condition) => condition.type === conditionType && condition.status === 'True'),
  )
  return `${open.length}/${gates.length}`
}
