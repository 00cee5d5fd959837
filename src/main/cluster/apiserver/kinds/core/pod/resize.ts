import type { Container, Pod, PodSpec, ResourceRequirements } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { isMirrorPod, qosClassOf } from '#shared/kube/pod.ts'
import { fieldForbidden, fieldInvalid, type FieldError } from '#shared/kube/status.ts'

/** `pods/resize`: changes CPU and memory of containers and of the pod only (ValidatePodResize of Kubernetes). */

/**
 * Returns the current spec with the resources and resize policies of the new one. When containers are added, removed or
 * renamed, returns the new spec, which validation refuses.
 */
export function resizedSpec(next: PodSpec | undefined, current: PodSpec): PodSpec {
  const containers = withResources(next?.containers, current.containers)
  const initContainers = withResources(next?.initContainers, current.initContainers)
  if (!next || !containers || !initContainers) return next ?? current
  const { resources: _resources, ...kept } = current
  const spec: PodSpec = { ...kept, containers, ...(next.resources ? { resources: next.resources } : {}) }
  if (current.initContainers) spec.initContainers = initContainers
  return spec
}

/** Returns undefined when the containers are not the same. */
function withResources(
  next: readonly Container[] | undefined = [],
  current: readonly Container[] | undefined = [],
): Container[] | undefined {
  if (next.length !== current.length) return undefined
  const merged: Container[] = []
  for (const [i, container] of current.entries()) {
    const wanted = next[i]
    if (wanted?.name !== container.name) return undefined
    const { resources: _resources, resizePolicy: _policy, ...kept } = container
    merged.push({ ...kept, ...partOf(wanted) })
  }
  return merged
}

const partOf = ({ resources, resizePolicy }: Container): Pick<Container, 'resources' | 'resizePolicy'> => ({
  ...(resources ? { resources } : {}),
  ...(resizePolicy ? { resizePolicy } : {}),
})

/** Returns the fields of a spec that a resize changes. */
export const resourcesOf = ({ containers = [], initContainers, resources }: Partial<PodSpec>): PodSpec => ({
  ...(resources ? { resources } : {}),
  containers: containers.map((container) => ({ name: container.name, ...partOf(container) })),
  ...(initContainers
    ? { initContainers: initContainers.map((container) => ({ name: container.name, ...partOf(container) })) }
    : {}),
})

export function resizeFindings(next: Pod, previous: Pod): FieldError[] {
  if (isMirrorPod(previous)) return [fieldForbidden('', 'static pods cannot be resized')]
  if (previous.spec?.os?.name === 'windows') return [fieldForbidden('', 'windows pods cannot be resized')]
  const errors: FieldError[] = []
  const before = previous.status?.qosClass ?? qosClassOf(previous)
  if (qosClassOf(next) !== before)
    errors.push(fieldInvalid('spec', qosClassOf(next), 'Pod QOS Class may not change as a result of resizing'))
  checkRemoved(next.spec?.resources, previous.spec?.resources, 'spec.resources', errors)
  for (const field of ['containers', 'initContainers'] as const)
    next.spec?.[field]?.forEach(({ resources }, i) => {
      checkRemoved(resources, previous.spec?.[field]?.[i]?.resources, `spec.${field}[${i}].resources`, errors)
    })
  if (!jsonEqual(withoutResizable(next), withoutResizable(previous)))
    errors.push(fieldForbidden('spec', 'only cpu and memory resources are mutable'))
  return errors
}

function checkRemoved(
  next: ResourceRequirements | undefined,
  previous: ResourceRequirements | undefined,
  field: string,
  errors: FieldError[],
): void {
  for (const side of ['limits', 'requests'] as const)
    for (const name of resizable)
      if (previous?.[side]?.[name] !== undefined && next?.[side]?.[name] === undefined)
        errors.push(fieldForbidden(`${field}.${side}`, `resource ${side} cannot be removed`))
}

const resizable = ['cpu', 'memory']

/** Returns the spec without the fields that a resize may change. */
function withoutResizable({ spec }: Pod): unknown {
  const others = (list: Record<string, string> | undefined): unknown =>
    Object.entries(list ?? {})
      .filter(([name]) => !resizable.includes(name))
      .sort()
  const rest = (resources: ResourceRequirements | undefined): unknown => ({
    claims: resources?.claims ?? [],
    limits: others(resources?.limits),
    requests: others(resources?.requests),
  })
  const bare = ({ resources, resizePolicy: _policy, ...container }: Container): unknown => ({
    ...container,
    resources: rest(resources),
  })
  return {
    ...spec,
    resources: rest(spec?.resources),
    containers: spec?.containers.map(bare),
    initContainers: spec?.initContainers?.map(bare),
  }
}
