import { isLatest } from '#shared/kube/image-reference.ts'
import type {
  Container,
  HTTPGetAction,
  Lifecycle,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
} from '#shared/kube/generated/types.ts'
import { canonicalQuantity, isQuantity } from '#shared/kube/quantity.ts'
import type { Wire } from '../api/wire.ts'
import { setVolumeDefaults } from './volumes.ts'

/** Sets the defaults of a workload's pod template. */
export function setPodTemplateDefaults(template: Wire<PodTemplateSpec> | undefined): void {
  if (!template) return
  template.metadata ??= {}
  setPodSpecDefaults((template.spec ??= {}))
}

/** Sets the defaults of pods and pod templates; `setPodDefaults` sets those of pods only. */
export function setPodSpecDefaults(spec: Wire<PodSpec>): void {
  spec.containers ??= []
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ||= 'default-scheduler'
  spec.securityContext ??= {}
  // Both fields name the service account; the deprecated one mirrors the other.
  spec.serviceAccountName ||= spec.serviceAccount
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else delete spec.serviceAccountName
  if (spec.volumes) for (const volume of spec.volumes) setVolumeDefaults(volume)
  for (const container of spec.containers) setContainerDefaults(container)
  if (spec.initContainers) for (const container of spec.initContainers) setContainerDefaults(container)
  if (spec.ephemeralContainers) for (const container of spec.ephemeralContainers) setContainerDefaults(container)
  if (spec.resources) canonicalizeResources(spec.resources)
  if (spec.overhead) canonicalizeQuantities(spec.overhead)
  // The field of gang scheduling, whose feature gate is off in v1.36: Kubernetes drops it.
  delete spec.schedulingGroup
}

/** Sets the defaults that only pods have: service links, host ports on the host network, requests equal to limits. */
export function setPodDefaults(spec: Wire<PodSpec>): void {
  setPodSpecDefaults(spec)
  spec.enableServiceLinks ??= true
  for (const containers of [spec.containers, spec.initContainers]) {
    for (const container of containers ?? []) {
      if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ||= port.containerPort
      requestLimits(container.resources)
    }
  }
  requestLimits(spec.resources, isPodLevelResource)
}

function setContainerDefaults(container: Wire<Container>): void {
  container.imagePullPolicy ||= isLatest(container.image ?? '') ? 'Always' : 'IfNotPresent'
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  canonicalizeResources((container.resources ??= {}))
  if (container.ports) for (const port of container.ports) port.protocol ||= 'TCP'
  if (container.env)
    for (const { valueFrom } of container.env) {
      if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1'
      if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0'
      if (valueFrom?.fileKeyRef) valueFrom.fileKeyRef.optional ??= false
    }
  setProbeDefaults(container.livenessProbe)
  setProbeDefaults(container.readinessProbe)
  setProbeDefaults(container.startupProbe)
  setLifecycleDefaults(container.lifecycle)
}

function setProbeDefaults(probe: Wire<Probe> | undefined): void {
  if (!probe) return
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  if (probe.grpc) probe.grpc.service ??= ''
  setHttpGetDefaults(probe.httpGet)
}

function setLifecycleDefaults(lifecycle: Wire<Lifecycle> | undefined): void {
  setHttpGetDefaults(lifecycle?.postStart?.httpGet)
  setHttpGetDefaults(lifecycle?.preStop?.httpGet)
}

function setHttpGetDefaults(get: Wire<HTTPGetAction> | undefined): void {
  if (!get) return
  get.path ||= '/'
  get.scheme ||= 'HTTP'
}

function requestLimits(
  resources: Wire<ResourceRequirements> | undefined,
  includes = (_: string): boolean => true,
): void {
  if (!resources?.limits) return
  const requests = (resources.requests ??= {})
  for (const [name, quantity] of Object.entries(resources.limits)) if (includes(name)) requests[name] ??= quantity
}

/** Resources that pods as a whole can have. */
export const isPodLevelResource = (name: string): boolean =>
  name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')

function canonicalizeResources({ limits, requests }: Wire<ResourceRequirements>): void {
  if (limits) canonicalizeQuantities(limits)
  if (requests) canonicalizeQuantities(requests)
}

/** Converts quantities to canonical form: `0.5` to `500m`. */
export function canonicalizeQuantities(quantities: Record<string, string | undefined>): void {
  for (const name in quantities) {
    const quantity = quantities[name]
    if (quantity !== undefined && isQuantity(quantity)) quantities[name] = canonicalQuantity(quantity)
  }
}
