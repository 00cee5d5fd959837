import { defined, jsonClone } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { labelRequirements, formatLabelSelector, type LabelSelectorShape } from '#shared/kube/selectors.ts'
import { badRequest, fieldInvalid, invalid, notFound, unsupportedMediaType } from '#shared/kube/status.ts'
import { mediaType, parseBody } from '../codec/body.ts'
import type { Answer, Call } from '../api/request.ts'
import { itemOf, type RegistryContext, type Target } from './context.ts'
import type { ScalePaths } from '../api/kind.ts'
import { draftOf, patcherOf } from './patch.ts'
import { keyOf } from '../api/resources.ts'
import { modified } from './preconditions.ts'
import { checkName, maxAttempts, updateObject } from './write.ts'
import { writeOptions } from './write-options.ts'

/** `autoscaling/v1.Scale` */
interface Scale extends KubeObject {
  spec: { replicas?: number }
  status: { replicas: number; selector?: string }
}

/** `GET …/scale` */
export function getScale({ store }: RegistryContext, target: Target, paths: ScalePaths): Answer {
  const { resource, namespace, name } = target
  const entry = store.get(keyOf(resource, namespace, name))
  if (!entry) throw notFound(resource.groupResource, name)
  return { type: 'object', code: 200, object: scaleOf(itemOf(resource, entry).object, paths) }
}

/** `PUT …/scale`: sets the replicas of the object. @throws ApiError */
export async function updateScale(
  context: RegistryContext,
  target: Target,
  call: Call,
  paths: ScalePaths,
): Promise<Answer> {
  const wanted = parseBody(call.body) as Scale
  checkName(wanted.metadata?.name, target.name)
  return writeScale(context, target, call, paths, () => wanted)
}

/** `PATCH …/scale`; apply is a merge, as a Scale has a single field to own. @throws ApiError */
export async function patchScale(
  context: RegistryContext,
  target: Target,
  call: Call,
  paths: ScalePaths,
): Promise<Answer> {
  const type = mediaType(call.body.contentType)
  if (type === 'application/apply-patch+yaml') {
    const wanted = parseBody({ ...call.body, contentType: 'application/yaml' }) as Scale
    return writeScale(context, target, call, paths, (scale) => ({ ...scale, spec: { ...scale.spec, ...wanted.spec } }))
  }
  if (type === '') throw unsupportedMediaType('the body of the request was in an unknown format')
  const change = patcherOf(target, call, type)
  return writeScale(context, target, call, paths, (scale) => change(scale) as Scale)
}

async function writeScale(
  context: RegistryContext,
  target: Target,
  call: Call,
  paths: ScalePaths,
  change: (scale: Scale) => Scale,
): Promise<Answer> {
  const options = writeOptions(call, 'UpdateOptions')
  const { resource, name } = target
  const answer = await updateObject(context, { ...target, subresource: '' }, call, options, {
    attempts: maxAttempts,
    next(current) {
      const wanted = change(jsonClone(scaleOf(current, paths)))
      const { resourceVersion } = wanted.metadata ?? {}
      if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) throw modified(resource, name)
      const next = draftOf(current)
      writePath(next, paths.specReplicas, replicasOf(wanted, name))
      return next
    },
    view: {
      subresource: 'scale',
      // Admission changes its view in place: no part of it may be the stored object's.
      of: (object) => jsonClone(scaleOf(object, paths)),
      take: (next, view) => writePath(next, paths.specReplicas, replicasOf(view as Scale, name)),
    },
  })
  if (answer.type !== 'object') throw new Error('expected an update to return an object')
  return { type: 'object', code: answer.code, object: scaleOf(answer.object as KubeObject, paths) }
}

function replicasOf({ spec }: Scale, name: string): number {
  const replicas: unknown = spec?.replicas ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal spec.replicas')
  if (replicas < 0)
    throw invalid('Scale', 'autoscaling', name, [
      fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  return replicas
}

function scaleOf(object: KubeObject, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  // For custom resources the path of the selector is optional.
  const selector = paths.selector === '' ? undefined : readPath(object, paths.selector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: defined({ name, namespace, uid, resourceVersion, creationTimestamp }),
    spec: { replicas: (readPath(object, paths.specReplicas) as number | undefined) ?? 0 },
    status: {
      replicas: (readPath(object, paths.statusReplicas) as number | undefined) ?? 0,
      ...(selector === undefined ? {} : { selector: selectorText(selector) }),
    },
  }
}

/** Formats a LabelSelector, or the plain map that ReplicationControllers have. */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector
  const shape = selector as LabelSelectorShape
  const isShape = shape.matchLabels !== undefined || shape.matchExpressions !== undefined
  const requirements = labelRequirements(isShape ? shape : { matchLabels: selector as Record<string, string> })
  return formatLabelSelector(requirements ?? [])
}

const steps = (path: string): string[] => path.split('.').filter((step) => step !== '')

function readPath(object: unknown, path: string): unknown {
  let value = object
  for (const step of steps(path)) value = (value as Record<string, unknown> | undefined)?.[step]
  return value
}

function writePath(object: KubeObject, path: string, value: unknown): void {
  const way = steps(path)
  const last = way.pop() ?? ''
  let at = object as unknown as Record<string, unknown>
  for (const step of way) at = (at[step] ??= {}) as Record<string, unknown>
  at[last] = value
}
