import type { Service, ServicePort, ServiceSpec } from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelProblems, portProblems, qualifiedNameProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import { isExternallyAccessible } from './defaults.ts'
import { clusterIpFindings } from '../../../validation/cluster-ips.ts'
import { checkLabels } from '../../../validation/labels.ts'
import { checkEndpointAddress, checkRange } from '../../../validation/addresses.ts'
import { addInvalid, checkOneOf, checkSupported } from '../../../validation/fields.ts'
import { checkPort } from '../../../validation/probes.ts'
import type { Wire } from '../../../api/wire.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

export function validateService({ spec = {} }: Wire<Service>): FieldError[] {
  const errors: FieldError[] = []
  const headless = spec.clusterIPs?.[0] === 'None' || spec.clusterIP === 'None'
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(fieldRequired('spec.ports'))
  checkType(spec, headless, errors)
  checkPorts(spec.ports ?? [], spec.type ?? '', errors)
  for (const error of checkLabels(spec.selector as Record<string, string> | undefined, 'spec.selector'))
    errors.push(error)
  checkOneOf(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity', errors)
  checkAffinityTimeout(spec, errors)
  errors.push(...clusterIpFindings(spec))
  spec.externalIPs?.forEach((ip, i) => {
    checkEndpointAddress(ip, `spec.externalIPs[${i}]`, errors)
  })
  checkOneOf(spec.type, types, 'spec.type', errors)
  checkBalancer(spec, errors)
  checkTrafficPolicies(spec, errors)
  checkSupported(
    spec.trafficDistribution,
    ['PreferClose', 'PreferSameZone', 'PreferSameNode'],
    'spec.trafficDistribution',
    errors,
  )
  return errors
}

function checkType(spec: Wire<ServiceSpec>, headless: boolean, errors: FieldError[]): void {
  switch (spec.type) {
    case 'LoadBalancer':
    case 'NodePort':
      if (headless)
        errors.push(fieldInvalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
      break
    case 'ExternalName': {
      for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
        if (spec[field]?.length || (field === 'clusterIPs' && spec.clusterIP))
          errors.push(fieldForbidden(`spec.${field}`, 'may not be set for ExternalName services'))
      const name = spec.externalName?.replace(/\.$/, '') ?? ''
      if (name === '') errors.push(fieldRequired('spec.externalName'))
      else addInvalid(subdomainProblems(name), name, 'spec.externalName', errors)
      break
    }
  }
}

function checkPorts(ports: readonly Wire<ServicePort>[], type: string, errors: FieldError[]): void {
  const names = new Set<string>()
  const seen = new Set<string>()
  const nodePorts = new Set<string>()
  ports.forEach((port, i) => {
    const field = `spec.ports[${i}]`
    const { name = '', protocol = '', nodePort = 0 } = port
    if (name === '') {
      if (ports.length > 1) errors.push(fieldRequired(`${field}.name`))
    } else {
      addInvalid(labelProblems(name), name, `${field}.name`, errors)
      if (names.has(name)) errors.push(fieldDuplicate(`${field}.name`, name))
      names.add(name)
    }
    addInvalid(portProblems(port.port ?? 0), port.port ?? 0, `${field}.port`, errors)
    checkOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${field}.protocol`, errors)
    checkPort(port.targetPort, `${field}.targetPort`, errors)
    if (port.appProtocol !== undefined)
      addInvalid(qualifiedNameProblems(port.appProtocol), port.appProtocol, `${field}.appProtocol`, errors)
    if (nodePort !== 0 && type === 'ClusterIP')
      errors.push(fieldForbidden(`${field}.nodePort`, `may not be used when \`type\` is '${type}'`))
    const key = `${protocol}/${port.port ?? 0}`
    if (seen.has(key)) errors.push(fieldDuplicate(field, goPort(port)))
    seen.add(key)
    const nodeKey = `${protocol}/${nodePort}`
    if (nodePort !== 0 && nodePorts.has(nodeKey)) errors.push(fieldDuplicate(`${field}.nodePort`, nodePort))
    nodePorts.add(nodeKey)
  })
}

function checkAffinityTimeout(
  { sessionAffinity, sessionAffinityConfig }: Wire<ServiceSpec>,
  errors: FieldError[],
): void {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (sessionAffinity !== 'ClientIP' || seconds === undefined) return
  if (seconds <= 0 || seconds > 86_400)
    errors.push(
      fieldInvalid(
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
        seconds,
        'must be greater than 0 and less than 86400',
      ),
    )
}

function checkTrafficPolicies(spec: Wire<ServiceSpec>, errors: FieldError[]): void {
  const { externalTrafficPolicy, internalTrafficPolicy, type } = spec
  if (isExternallyAccessible(spec))
    checkSupported(externalTrafficPolicy, ['Cluster', 'Local'], 'spec.externalTrafficPolicy', errors)
  else if (externalTrafficPolicy)
    errors.push(
      fieldInvalid(
        'spec.externalTrafficPolicy',
        externalTrafficPolicy,
        'may only be set for externally-accessible services',
      ),
    )
  if (internalTrafficPolicy === undefined && type !== 'ExternalName')
    errors.push(fieldRequired('spec.internalTrafficPolicy'))
  checkSupported(internalTrafficPolicy, ['Cluster', 'Local'], 'spec.internalTrafficPolicy', errors)
}

const onlyBalancers = "may only be used when `type` is 'LoadBalancer'"

function checkBalancerClass({ type, loadBalancerClass: name }: Wire<ServiceSpec>, errors: FieldError[]): void {
  if (name === undefined) return
  if (type === 'LoadBalancer') addInvalid(qualifiedNameProblems(name), name, 'spec.loadBalancerClass', errors)
  else errors.push(fieldForbidden('spec.loadBalancerClass', onlyBalancers))
}

/** What only a load balancer has. */
function checkBalancer(spec: Wire<ServiceSpec>, errors: FieldError[]): void {
  const { type, loadBalancerSourceRanges: ranges, healthCheckNodePort = 0 } = spec
  const isBalancer = type === 'LoadBalancer'
  // Kubernetes writes this field in upper case.
  if (ranges !== undefined && ranges.length > 0) {
    if (!isBalancer) errors.push(fieldForbidden('spec.LoadBalancerSourceRanges', onlyBalancers))
    ranges.forEach((range, i) => {
      checkRange(range.trim(), `spec.LoadBalancerSourceRanges[${i}]`, errors)
    })
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalancer)
    errors.push(fieldForbidden('spec.allocateLoadBalancerNodePorts', onlyBalancers))
  if (isBalancer && spec.allocateLoadBalancerNodePorts === undefined)
    errors.push(fieldRequired('spec.allocateLoadBalancerNodePorts'))
  checkBalancerClass(spec, errors)
  if (healthCheckNodePort !== 0 && !(isBalancer && spec.externalTrafficPolicy === 'Local'))
    errors.push(
      fieldInvalid(
        'spec.healthCheckNodePort',
        healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
}

/** The value in the message has the names of Go's fields, of which only these two count. */
const goPort = ({ protocol, port }: Wire<ServicePort>): unknown => ({
  Name: '',
  Protocol: protocol ?? '',
  AppProtocol: null,
  Port: port ?? 0,
  TargetPort: 0,
  NodePort: 0,
})

/** A Service may not change its cluster IP unless its type becomes ExternalName. */
export function validateServiceUpdate(
  { spec: next = {} }: Wire<Service>,
  { spec: old = {} }: Wire<Service>,
): FieldError[] {
  const errors: FieldError[] = []
  if (old.type === 'LoadBalancer' && next.type === 'LoadBalancer' && next.loadBalancerClass !== old.loadBalancerClass)
    errors.push(fieldInvalid('spec.loadBalancerClass', next.loadBalancerClass, 'may not change once set'))
  checkBalancerClass(next, errors)
  if (next.type === 'ExternalName' || old.type === 'ExternalName') return errors
  const before = old.clusterIPs?.[0] ?? ''
  const now = next.clusterIPs?.[0] ?? ''
  if (before !== '' && now !== before) {
    if (now === '')
      errors.push(fieldInvalid('spec.clusterIPs[0]', next.clusterIPs, 'primary clusterIP can not be unset'))
    else errors.push(fieldInvalid('spec.clusterIPs[0]', next.clusterIPs, 'may not change once set'))
  }
  if (isAnother('clusterIPs', 1, next, old))
    errors.push(fieldInvalid('spec.clusterIPs[1]', next.clusterIPs, 'may not change once set'))
  if (isHeadless(old) || isHeadless(next)) return errors
  // Whichever it is, Kubernetes names the first.
  for (const index of [0, 1])
    if (isAnother('ipFamilies', index, next, old))
      errors.push(fieldInvalid('spec.ipFamilies[0]', next.ipFamilies, 'may not change once set'))
  return errors
}

const isHeadless = ({ clusterIPs }: Wire<ServiceSpec>): boolean => clusterIPs?.[0] === 'None'

/** What is set may be released, but not become another. */
function isAnother(
  field: 'clusterIPs' | 'ipFamilies',
  index: number,
  next: Wire<ServiceSpec>,
  old: Wire<ServiceSpec>,
): boolean {
  const [before, now] = [old[field]?.[index], next[field]?.[index]]
  return Boolean(before && now && before !== now)
}
