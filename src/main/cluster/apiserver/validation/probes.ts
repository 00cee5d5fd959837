import type { HTTPGetAction, IntOrString, Lifecycle, LifecycleHandler, Probe } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { httpHeaderProblems, portNameProblems, portProblems } from '#shared/kube/validation-names.ts'
import { addInvalid, checkNotNegative, checkOneOf } from './fields.ts'
import type { Wire } from '../api/wire.ts'

export type ProbeKind = 'livenessProbe' | 'readinessProbe' | 'startupProbe'

/** Validates a probe of a container. @param field the container's path */
export function checkProbe(
  probe: Wire<Probe> | undefined,
  kind: ProbeKind,
  container: string,
  errors: FieldError[],
): void {
  if (!probe) return
  const field = `${container}.${kind}`
  checkHandler(probe, field, errors)
  for (const name of numbers) checkNotNegative(probe[name], `${field}.${name}`, errors)
  const { successThreshold, terminationGracePeriodSeconds: grace } = probe
  if (kind !== 'readinessProbe' && successThreshold !== 1)
    errors.push(fieldInvalid(`${field}.successThreshold`, successThreshold, 'must be 1'))
  if (grace === undefined) return
  const graceField = `${field}.terminationGracePeriodSeconds`
  if (grace <= 0) errors.push(fieldInvalid(graceField, grace, 'must be greater than 0'))
  if (kind === 'readinessProbe') errors.push(fieldInvalid(graceField, grace, 'must not be set for readinessProbes'))
}

const numbers = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

/** Validates the lifecycle hooks of a container. @param field the container's path */
export function checkLifecycle(lifecycle: Wire<Lifecycle> | undefined, field: string, errors: FieldError[]): void {
  if (lifecycle?.postStart) checkHandler(lifecycle.postStart, `${field}.lifecycle.postStart`, errors)
  if (lifecycle?.preStop) checkHandler(lifecycle.preStop, `${field}.lifecycle.preStop`, errors)
}

type Handler = Wire<LifecycleHandler> & Wire<Pick<Probe, 'grpc'>>
const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

function checkHandler(handler: Handler, field: string, errors: FieldError[]): void {
  const [first, ...more] = handlers.filter((name) => handler[name] !== undefined)
  if (first === undefined) errors.push(fieldRequired(field, 'must specify a handler type'))
  const { exec, httpGet, tcpSocket, grpc } = handler
  if (exec && !exec.command?.length) errors.push(fieldRequired(`${field}.exec.command`))
  if (httpGet && first === 'httpGet') checkHttpGet(httpGet, `${field}.httpGet`, errors)
  if (tcpSocket && first === 'tcpSocket') checkPort(tcpSocket.port, `${field}.tcpSocket.port`, errors)
  if (grpc && first === 'grpc') checkPort(grpc.port, `${field}.grpc.port`, errors)
  for (const name of more) errors.push(fieldForbidden(`${field}.${name}`, 'may not specify more than 1 handler type'))
}

function checkHttpGet(
  { path, port, scheme, httpHeaders }: Wire<HTTPGetAction>,
  field: string,
  errors: FieldError[],
): void {
  if (!path) errors.push(fieldRequired(`${field}.path`))
  checkPort(port, `${field}.port`, errors)
  checkOneOf(scheme, ['HTTP', 'HTTPS'], `${field}.scheme`, errors)
  httpHeaders?.forEach(({ name = '' }) => {
    addInvalid(httpHeaderProblems(name), name, `${field}.httpHeaders`, errors)
  })
}

/** Validates a port by number or by the name of a container port. */
export function checkPort(port: IntOrString | undefined, field: string, errors: FieldError[]): void {
  if (typeof port === 'string') addInvalid(portNameProblems(port), port, field, errors)
  else addInvalid(portProblems(port ?? 0), port ?? 0, field, errors)
}
