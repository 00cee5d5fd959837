import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  PodSpec,
  VolumeMount,
} from '#shared/kube/generated/types.ts'
import {
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
  type FieldError,
} from '#shared/kube/status.ts'
import {
  configKeyProblems,
  envNameProblems,
  labelProblems,
  portNameProblems,
  portProblems,
  subdomainProblems,
} from '#shared/kube/validation-names.ts'
import { checkFieldRef, checkResourceFieldRef, envFieldPaths } from './field-paths.ts'
import { addInvalid, checkOneOf, checkSupported } from './fields.ts'
import { checkLifecycle, checkProbe } from './probes.ts'
import { checkResourceClaims, checkResources } from './resources.ts'
import { checkSecurityContext } from './security-context.ts'
import { checkDescendingPath } from './volumes.ts'
import type { Wire } from '../api/wire.ts'

/** State that the containers of one pod share. */
export interface PodContext {
  /** Names of the pod's volumes. */
  volumes: ReadonlySet<string>
  /** Names of the volumes that claims provide: only they can be block devices. */
  claims: ReadonlySet<string>
  /** Names of the pod's resource claims. */
  resourceClaims: readonly string[]
  restartPolicy: string
  hostNetwork: boolean
  /** Names of containers seen so far: unique across all lists of the pod. */
  names: Set<string>
}

/** Validates the containers of a pod. */
export function checkContainers(
  containers: readonly Wire<Container>[],
  field: string,
  pod: PodContext,
  errors: FieldError[],
): void {
  if (containers.length === 0) errors.push(fieldRequired(field))
  const hostPorts = new Set<string>()
  containers.forEach((container, i) => {
    const at = `${field}[${i}]`
    checkContainer(container, at, pod, errors)
    checkRestartPolicy(container, at, errors)
    checkRestartRules(container.restartPolicyRules, at, errors)
    checkLifecycle(container.lifecycle, at, errors)
    checkProbe(container.livenessProbe, 'livenessProbe', at, errors)
    checkProbe(container.readinessProbe, 'readinessProbe', at, errors)
    checkProbe(container.startupProbe, 'startupProbe', at, errors)
    if (container.ports) checkHostPorts(container.ports, `${at}.ports`, hostPorts, errors)
  })
}

/** Validates what is asked of the images of pods, and not of templates. */
export function checkPodImages({ containers, initContainers }: Wire<PodSpec>, errors: FieldError[]): void {
  for (const [name, list] of Object.entries({ containers, initContainers }))
    list?.forEach(({ image = '' }, i) => {
      if (image.trim() !== image)
        errors.push(fieldInvalid(`spec.${name}[${i}].image`, image, 'must not have leading or trailing whitespace'))
    })
}

/** Validates init containers: those that run before the others, and sidecars (restartPolicy Always). */
export function checkInitContainers(
  containers: readonly Wire<Container>[],
  field: string,
  pod: PodContext,
  errors: FieldError[],
): void {
  containers.forEach((container, i) => {
    const at = `${field}[${i}]`
    checkContainer(container, at, pod, errors)
    checkRestartPolicy(container, at, errors)
    // Without a policy the rules are not looked at.
    if (container.restartPolicy !== undefined) checkRestartRules(container.restartPolicyRules, at, errors)
    if (container.restartPolicy === 'Always') {
      checkLifecycle(container.lifecycle, at, errors)
      for (const kind of probeKinds) checkProbe(container[kind], kind, at, errors)
      return
    }
    for (const name of ['lifecycle', ...probeKinds] as const)
      if (container[name] !== undefined)
        errors.push(fieldForbidden(`${at}.${name}`, 'may not be set for init containers without restartPolicy=Always'))
  })
}

const probeKinds = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const

const ephemeralForbidden = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
] as const

/** Validates ephemeral containers, which are added to a running pod for debugging. */
export function checkEphemeralContainers(
  containers: readonly Wire<Container & { targetContainerName?: string }>[],
  field: string,
  pod: PodContext,
  errors: FieldError[],
): void {
  const others = new Set(pod.names)
  containers.forEach((container, i) => {
    const at = `${field}[${i}]`
    checkContainer(container, at, pod, errors)
    const { targetContainerName: target, resources } = container
    if (target && !others.has(target)) errors.push(fieldNotFound(`${at}.targetContainerName`, target))
    const refuse = (name: string): number =>
      errors.push(fieldForbidden(`${at}.${name}`, 'cannot be set for an Ephemeral Container'))
    for (const name of ephemeralForbidden) if (container[name] !== undefined) refuse(name)
    if (resources?.limits || resources?.requests) refuse('resources')
  })
}

function checkContainer(container: Wire<Container>, field: string, pod: PodContext, errors: FieldError[]): void {
  const { name = '', image = '' } = container
  if (name === '') errors.push(fieldRequired(`${field}.name`))
  else addInvalid(labelProblems(name), name, `${field}.name`, errors)
  if (pod.names.has(name)) errors.push(fieldDuplicate(`${field}.name`, name))
  pod.names.add(name)
  if (image === '') errors.push(fieldRequired(`${field}.image`))
  checkOneOf(
    container.terminationMessagePolicy,
    ['File', 'FallbackToLogsOnError'],
    `${field}.terminationMessagePolicy`,
    errors,
  )
  checkOneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${field}.imagePullPolicy`, errors)
  if (container.resizePolicy)
    checkResizePolicy(container.resizePolicy, pod.restartPolicy, `${field}.resizePolicy`, errors)
  if (container.ports) checkPorts(container.ports, `${field}.ports`, pod.hostNetwork, errors)
  if (container.env) checkEnv(container.env, `${field}.env`, errors)
  if (container.envFrom) checkEnvFrom(container.envFrom, `${field}.envFrom`, errors)
  if (container.volumeMounts) checkMounts(container, `${field}.volumeMounts`, pod.volumes, errors)
  if (container.volumeDevices) checkDevices(container, `${field}.volumeDevices`, pod, errors)
  checkResources(container.resources, `${field}.resources`, errors)
  checkResourceClaims(container.resources?.claims ?? [], pod.resourceClaims, `${field}.resources.claims`, errors)
  checkSecurityContext(container.securityContext, `${field}.securityContext`, errors)
}

function checkPorts(
  ports: readonly Wire<ContainerPort>[],
  field: string,
  hostNetwork: boolean,
  errors: FieldError[],
): void {
  const names = new Set<string>()
  ports.forEach(({ name, containerPort = 0, hostPort = 0, protocol }, i) => {
    const at = `${field}[${i}]`
    if (name) {
      const problems = portNameProblems(name)
      addInvalid(problems, name, `${at}.name`, errors)
      if (problems.length === 0 && names.has(name)) errors.push(fieldDuplicate(`${at}.name`, name))
      names.add(name)
    }
    if (containerPort === 0) errors.push(fieldRequired(`${at}.containerPort`))
    else addInvalid(portProblems(containerPort), containerPort, `${at}.containerPort`, errors)
    if (hostPort !== 0) {
      addInvalid(portProblems(hostPort), hostPort, `${at}.hostPort`, errors)
      if (hostNetwork && hostPort !== containerPort)
        errors.push(
          fieldInvalid(`${at}.containerPort`, containerPort, 'must match `hostPort` when `hostNetwork` is true'),
        )
    }
    checkOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${at}.protocol`, errors)
  })
}

/** Containers of a pod cannot use the same host port twice. */
function checkHostPorts(
  ports: readonly Wire<ContainerPort>[],
  field: string,
  taken: Set<string>,
  errors: FieldError[],
): void {
  ports.forEach(({ hostPort = 0, hostIP = '', protocol = 'TCP' }, i) => {
    if (hostPort === 0) return
    const text = `${protocol}/${hostIP}/${hostPort}`
    if (taken.has(text)) errors.push(fieldDuplicate(`${field}[${i}].hostPort`, text))
    taken.add(text)
  })
}

function checkEnv(variables: readonly Wire<EnvVar>[], field: string, errors: FieldError[]): void {
  variables.forEach(({ name = '', value, valueFrom }, i) => {
    const at = `${field}[${i}]`
    if (name === '') errors.push(fieldRequired(`${at}.name`))
    else addInvalid(envNameProblems(name), name, `${at}.name`, errors)
    if (valueFrom) checkEnvSource(valueFrom, Boolean(value), `${at}.valueFrom`, errors)
  })
}

const envSources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const

function checkEnvSource(source: Wire<EnvVarSource>, hasValue: boolean, field: string, errors: FieldError[]): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source
  if (fieldRef) checkFieldRef(fieldRef, envFieldPaths, `${field}.fieldRef`, errors)
  if (resourceFieldRef) checkResourceFieldRef(resourceFieldRef, false, `${field}.resourceFieldRef`, errors)
  for (const [name, ref] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (!ref) continue
    addInvalid(subdomainProblems(ref.name ?? ''), ref.name ?? '', `${field}.${name}.name`, errors)
    if (!ref.key) errors.push(fieldRequired(`${field}.${name}.key`))
    else addInvalid(configKeyProblems(ref.key), ref.key, `${field}.${name}.key`, errors)
  }
  const given = envSources.filter((name) => source[name] !== undefined).length
  if (given === 0)
    errors.push(
      fieldInvalid(
        field,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    )
  else if (hasValue) errors.push(fieldInvalid(field, '', 'may not be specified when `value` is not empty'))
  else if (given > 1) errors.push(fieldInvalid(field, '', 'may not have more than one field specified at a time'))
}

function checkEnvFrom(sources: readonly Wire<EnvFromSource>[], field: string, errors: FieldError[]): void {
  sources.forEach(({ prefix, configMapRef, secretRef }, i) => {
    const at = `${field}[${i}]`
    if (prefix) addInvalid(envNameProblems(prefix), prefix, `${at}.prefix`, errors)
    if (configMapRef && !configMapRef.name) errors.push(fieldRequired(`${at}.configMapRef.name`))
    if (secretRef && !secretRef.name) errors.push(fieldRequired(`${at}.secretRef.name`))
    if (configMapRef && secretRef)
      errors.push(fieldInvalid(field, '', 'may not have more than one field specified at a time'))
    if (!configMapRef && !secretRef)
      errors.push(fieldInvalid(field, '', 'must specify one of: `configMapRef` or `secretRef`'))
  })
}

function checkMounts(
  { volumeMounts = [], securityContext }: Wire<Container>,
  field: string,
  volumes: ReadonlySet<string>,
  errors: FieldError[],
): void {
  const paths = new Set<string>()
  volumeMounts.forEach((mount, i) => {
    const at = `${field}[${i}]`
    const { name = '', mountPath = '' } = mount
    if (name === '') errors.push(fieldRequired(`${at}.name`))
    if (!volumes.has(name)) errors.push(fieldNotFound(`${at}.name`, name))
    if (mountPath === '') errors.push(fieldRequired(`${at}.mountPath`))
    if (paths.has(mountPath)) errors.push(fieldInvalid(`${at}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    checkSubPaths(mount, at, field, errors)
    checkPropagation(mount, securityContext?.privileged === true, field, errors)
  })
}

/** Kubernetes names these fields without the index of the mount. */
function checkPropagation(
  { mountPropagation, recursiveReadOnly, readOnly }: Wire<VolumeMount>,
  privileged: boolean,
  field: string,
  errors: FieldError[],
): void {
  checkSupported(mountPropagation, ['Bidirectional', 'HostToContainer', 'None'], `${field}.mountPropagation`, errors)
  if (mountPropagation === 'Bidirectional' && !privileged)
    errors.push(
      fieldForbidden(
        `${field}.mountPropagation`,
        'Bidirectional mount propagation is available only to privileged containers',
      ),
    )
  const at = `${field}.recursiveReadOnly`
  checkSupported(recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible'], at, errors)
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') return
  if (!readOnly) errors.push(fieldForbidden(at, 'may only be specified when readOnly is true'))
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    errors.push(fieldForbidden(at, 'may only be specified when mountPropagation is None or not specified'))
}

function checkDevices(
  { volumeDevices = [], volumeMounts = [] }: Wire<Container>,
  field: string,
  pod: PodContext,
  errors: FieldError[],
): void {
  const names = new Set<string>()
  const paths = new Set<string>()
  volumeDevices.forEach(({ name = '', devicePath = '' }, i) => {
    const at = `${field}[${i}]`
    if (name === '') errors.push(fieldRequired(`${at}.name`))
    if (names.has(name)) errors.push(fieldInvalid(`${at}.name`, name, 'must be unique'))
    if (!pod.volumes.has(name)) errors.push(fieldNotFound(`${at}.name`, name))
    else if (!pod.claims.has(name))
      errors.push(
        fieldInvalid(
          `${at}.name`,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      )
    names.add(name)
    if (devicePath === '') errors.push(fieldRequired(`${at}.devicePath`))
    if (paths.has(devicePath)) errors.push(fieldInvalid(`${at}.devicePath`, devicePath, 'must be unique'))
    if (devicePath.split('/').includes('..'))
      errors.push(fieldInvalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    else paths.add(devicePath)
    if (volumeMounts.some((mount) => mount.mountPath === devicePath))
      errors.push(fieldInvalid(`${at}.devicePath`, devicePath, 'must not already exist in volumeMounts'))
    if (volumeMounts.some((mount) => mount.name === name))
      errors.push(fieldInvalid(`${at}.name`, name, 'must not already exist in volumeMounts'))
  })
}

/** The errors are those of the whole list (validateResizePolicy). */
function checkResizePolicy(
  policies: readonly Wire<ContainerResizePolicy>[],
  podRestarts: string,
  field: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  policies.forEach(({ resourceName = '', restartPolicy = '' }, i) => {
    checkOneOf(resourceName, ['cpu', 'memory'], field, errors)
    if (seen.has(resourceName)) errors.push(fieldDuplicate(`${field}[${i}]`, resourceName))
    seen.add(resourceName)
    checkOneOf(restartPolicy, ['NotRequired', 'RestartContainer'], field, errors)
    if (podRestarts === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(fieldInvalid(field, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
  })
}

function checkRestartPolicy(
  { restartPolicy, restartPolicyRules: rules = [] }: Wire<Container>,
  field: string,
  errors: FieldError[],
): void {
  checkSupported(restartPolicy, ['Always', 'Never', 'OnFailure'], `${field}.restartPolicy`, errors)
  if (rules.length > 0 && restartPolicy === undefined)
    errors.push(fieldRequired(`${field}.restartPolicy`, 'must specify restartPolicy when restart rules are used'))
}

function checkRestartRules(
  rules: Wire<Container>['restartPolicyRules'] = [],
  field: string,
  errors: FieldError[],
): void {
  rules.forEach(({ action, exitCodes }, i) => {
    const at = `${field}.restartPolicyRules[${i}]`
    checkSupported(action ?? '', ['Restart', 'RestartAllContainers'], `${at}.action`, errors)
    if (exitCodes) checkSupported(exitCodes.operator ?? '', ['In', 'NotIn'], `${at}.exitCodes.operator`, errors)
    else errors.push(fieldRequired(`${at}.exitCodes`, 'must be specified'))
  })
}

/** @param field the mount's path @param list that of all mounts, by which Kubernetes names what is wrong with a path */
function checkSubPaths(
  { subPath, subPathExpr }: Wire<VolumeMount>,
  field: string,
  list: string,
  errors: FieldError[],
): void {
  if (subPath) checkDescendingPath(subPath, `${list}.subPath`, errors)
  if (!subPathExpr) return
  if (subPath)
    errors.push(fieldInvalid(`${field}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
  checkDescendingPath(subPathExpr, `${list}.subPathExpr`, errors)
}
