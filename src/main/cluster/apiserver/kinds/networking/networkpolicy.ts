import { BlockList } from 'node:net'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { portNameProblems, portProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkRange, isRange } from '../../validation/addresses.ts'
import { addInvalid, checkSupported } from '../../validation/fields.ts'
import { checkLabelSelector } from '../../validation/labels.ts'
import { age, selectorText, text } from '../../api/columns.ts'

/** The allowed traffic of the pods that it selects. */
export const networkPolicy: KindDeclaration<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  namespaced: true,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.networking.v1.NetworkPolicy',
  setDefaults({ spec }) {
    if (!spec) return
    spec.policyTypes ??= spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
    for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const port of ports ?? []) port.protocol ??= 'TCP'
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    checkLabelSelector(spec?.podSelector, 'spec.podSelector', errors)
    spec?.ingress?.forEach(({ ports, from }, i) => checkRule(ports, from, `spec.ingress[${i}]`, 'from', errors))
    spec?.egress?.forEach(({ ports, to }, i) => checkRule(ports, to, `spec.egress[${i}]`, 'to', errors))
    const types = spec?.policyTypes ?? []
    if (types.length > 2)
      errors.push(fieldInvalid('spec.policyTypes', types, 'may not specify more than two policyTypes'))
    else
      types.forEach((type, i) => {
        checkSupported(type, ['Ingress', 'Egress'], `spec.policyTypes[${i}]`, errors)
      })
    return errors
  },
  columns: [text('Pod-Selector', 'Which pods it is about.', ({ spec }) => selectorText(spec?.podSelector)), age],
}

function checkRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  field: string,
  side: string,
  errors: FieldError[],
): void {
  ports?.forEach(({ protocol, port, endPort }, i) => {
    const at = `${field}.ports[${i}]`
    checkSupported(protocol, ['TCP', 'UDP', 'SCTP'], `${at}.protocol`, errors)
    if (typeof port === 'number') addInvalid(portProblems(port), port, `${at}.port`, errors)
    else if (port !== undefined) addInvalid(portNameProblems(port), port, `${at}.port`, errors)
    if (endPort === undefined) return
    if (port === undefined)
      errors.push(fieldInvalid(`${at}.endPort`, endPort, 'may not be specified when `port` is not specified'))
    else if (typeof port === 'string')
      errors.push(fieldInvalid(`${at}.endPort`, endPort, 'may not be specified when `port` is non-numeric'))
    else if (endPort < port) errors.push(fieldInvalid(`${at}.endPort`, port, 'must be greater than or equal to `port`'))
  })
  peers?.forEach((peer, i) => checkPeer(peer, `${field}.${side}[${i}]`, errors))
}

function checkBlock(cidr: string, except: readonly string[], field: string, errors: FieldError[]): void {
  checkRange(cidr, `${field}.cidr`, errors)
  if (!isRange(cidr)) return
  const [address = '', length = ''] = cidr.split('/')
  const whole = new BlockList()
  whole.addSubnet(address, Number(length), familyOf(address))
  except.forEach((range, i) => {
    const at = `${field}.except[${i}]`
    checkRange(range, at, errors)
    if (!isRange(range)) return
    const [within = '', prefix = ''] = range.split('/')
    if (!whole.check(within, familyOf(within)) || Number(prefix) <= Number(length))
      errors.push(fieldInvalid(at, range, `must be a strict subset of \`cidr\``))
  })
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4')

function checkPeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  field: string,
  errors: FieldError[],
): void {
  checkLabelSelector(podSelector, `${field}.podSelector`, errors)
  checkLabelSelector(namespaceSelector, `${field}.namespaceSelector`, errors)
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(fieldRequired(field, 'must specify a peer'))
  if (!ipBlock) return
  if (!ipBlock.cidr) errors.push(fieldRequired(`${field}.ipBlock.cidr`))
  else checkBlock(ipBlock.cidr, ipBlock.except ?? [], `${field}.ipBlock`, errors)
  if (podSelector || namespaceSelector)
    errors.push(fieldForbidden(field, 'may not specify both ipBlock and another peer'))
}
