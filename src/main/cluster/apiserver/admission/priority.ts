import type { Pod, PriorityClass } from '#shared/kube/generated/types.ts'
import { priorityClasses } from '#shared/kube/resources.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'
import type { ObjectReader } from '../api/reader.ts'

/** Classes that exist in every cluster without an object. */
const systemClasses = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
])

interface Priority {
  className: string | undefined
  value: number
  preemptionPolicy: string
}

/** Priority: resolves a pod's priority class to the number that the scheduler compares. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  admit(attributes) {
    const { operation, kind, subresource, object, oldObject } = attributes
    if (kind.group !== '' || kind.plural !== 'pods' || subresource !== '') return
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    const { spec } = object as Pod
    if (!spec) return
    if (operation === 'UPDATE') {
      const before = (oldObject as Pod).spec
      // Clients that do not know the fields omit them from an update.
      if (spec.priority === undefined && before?.priority !== undefined) spec.priority = before.priority
      if (spec.preemptionPolicy === undefined && before?.preemptionPolicy)
        spec.preemptionPolicy = before.preemptionPolicy
      return
    }
    const resolved = resolve(attributes, spec.priorityClassName)
    if (spec.priority !== undefined && spec.priority !== resolved.value)
      throw refusal(
        attributes,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${resolved.value} from the given PriorityClass name`,
      )
    if (spec.preemptionPolicy && spec.preemptionPolicy !== resolved.preemptionPolicy)
      throw refusal(
        attributes,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${resolved.preemptionPolicy} from the given PriorityClass name`,
      )
    if (resolved.className !== undefined) spec.priorityClassName = resolved.className
    spec.priority = resolved.value
    spec.preemptionPolicy = resolved.preemptionPolicy
  },
}

/** @throws ApiError 403 when the class does not exist */
function resolve(attributes: AdmissionAttributes, name: string | undefined): Priority {
  const { reader } = attributes
  if (!name) return ofClass(globalDefault(reader)) ?? { className: undefined, value: 0, preemptionPolicy: preempts }
  const found = ofClass(reader.get(priorityClasses, '', name))
  const value = found?.value ?? systemClasses.get(name)
  if (value === undefined) throw refusal(attributes, `no PriorityClass with name ${name} was found`)
  return found ?? { className: name, value, preemptionPolicy: preempts }
}

const preempts = 'PreemptLowerPriority'

const ofClass = (found: PriorityClass | undefined): Priority | undefined =>
  found && {
    className: found.metadata.name,
    value: found.value ?? 0,
    preemptionPolicy: found.preemptionPolicy ?? preempts,
  }

/** With several global defaults, the one of lowest value applies. */
const globalDefault = (reader: ObjectReader): PriorityClass | undefined =>
  reader
    .list(priorityClasses)
    .filter((candidate) => candidate.globalDefault)
    .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
