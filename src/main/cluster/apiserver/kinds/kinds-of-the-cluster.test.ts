import { describe, expect, it } from 'vitest'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { certificateSigningRequest } from './certificates/certificatesigningrequest/index.ts'
import { flowSchema } from './flowcontrol/flowschema.ts'
import { priorityLevelConfiguration } from './flowcontrol/prioritylevelconfiguration.ts'
import { ingress } from './networking/ingress.ts'
import { ipAddress } from './networking/ipaddress.ts'
import { networkPolicy } from './networking/networkpolicy.ts'
import { serviceCidr } from './networking/servicecidr.ts'
import { resourceClaim } from './resource/resourceclaim.ts'
import { csiDriver } from './storage/csidriver.ts'
import { csiNode } from './storage/csinode.ts'
import { volumeAttributesClass } from './storage/volumeattributesclass.ts'

const metadata = { name: 'x', namespace: 'ns' }

describe('networking', () => {
  const web = {
    metadata,
    spec: {
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
          },
        },
      ],
    },
  }

  it('requires a backend or rules in an Ingress', () => {
    expect(findings(ingress, web)).toEqual([])
    expect(findings(ingress, { metadata, spec: {} })).toEqual([
      'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified',
    ])
    expect(findings(ingress, change(web, { 'spec.rules.0.http.paths.0.path': 'relative' }))).toEqual([
      'spec.rules[0].http.paths[0].path: Invalid value: "relative": must be an absolute path',
    ])
    expect(findings(ingress, change(web, { 'spec.rules.0.host': '10.0.0.1' }))).toEqual([
      'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ])
    expect(cells(ingress, web)).toMatchObject({ Class: '<none>', Hosts: 'a.example.com', Ports: '80' })
  })

  it('defaults a NetworkPolicy to type Egress only when it has egress rules', () => {
    expect(defaulted(networkPolicy, { metadata, spec: {} }).spec?.policyTypes).toEqual(['Ingress'])
    const out = defaulted(networkPolicy, { metadata, spec: { egress: [{ ports: [{ port: 1 }] }] } })
    expect(out.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ protocol: 'TCP' }] }] })
    expect(findings(networkPolicy, { metadata, spec: { podSelector: {}, ingress: [{ from: [{}] }] } })).toEqual([
      'spec.ingress[0].from[0]: Required value: must specify a peer',
    ])
  })

  it('requires the canonical address as the name of an IPAddress', () => {
    expect(ipAddress.validateName?.('10.0.0.1')).toEqual([])
    expect(ipAddress.validateName?.('name')).not.toEqual([])
    expect(findings(ipAddress, { metadata, spec: {} })).toEqual(['spec.parentRef: Required value'])
  })

  it('lets a ServiceCIDR add an IP family, and not change otherwise', () => {
    const range = { metadata, spec: { cidrs: ['10.0.0.0/16'] } }
    expect(updateFindings(serviceCidr, change(range, { 'spec.cidrs.1': 'fd00::/112' }), range)).toEqual([])
    expect(updateFindings(serviceCidr, change(range, { 'spec.cidrs.0': '10.1.0.0/16' }), range)).toEqual([
      'spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable',
    ])
  })
})

describe('storage', () => {
  it('sets the defaults of a CSIDriver', () => {
    const driver = { metadata, spec: {} }
    expect(defaulted(csiDriver, driver).spec).toMatchObject({
      attachRequired: true,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      volumeLifecycleModes: ['Persistent'],
    })
    expect(updateFindings(csiDriver, change(driver, { 'spec.podInfoOnMount': true }), driver)).toEqual([])
    expect(updateFindings(csiDriver, change(driver, { 'spec.attachRequired': false }), driver)).toEqual([
      'spec.attachedRequired: Invalid value: false: field is immutable',
    ])
  })

  it('requires unique drivers with node IDs in a CSINode', () => {
    const drivers = [{ name: 'a', nodeID: 'n' }, { name: 'a' }]
    expect(findings(csiNode, { metadata, spec: { drivers } })).toEqual([
      'spec.drivers[1].nodeID: Required value',
      'spec.drivers[1].name: Duplicate value: "a"',
    ])
  })

  it('refuses changes of a VolumeAttributesClass', () => {
    const gold = { metadata, driverName: 'd', parameters: { iops: '1' } }
    expect(updateFindings(volumeAttributesClass, change(gold, { 'parameters.iops': '2' }), gold)).toEqual([
      'parameters: Forbidden: updates to parameters are forbidden.',
    ])
  })
})

it('a ResourceClaim has unique requests and is immutable', () => {
  const claim = { metadata, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } }
  expect(findings(resourceClaim, claim)).toEqual([])
  expect(updateFindings(resourceClaim, change(claim, { 'spec.devices.requests.0.name': 's' }), claim)).toHaveLength(1)
  expect(cells(resourceClaim, { ...claim, status: { allocation: {} } })).toMatchObject({ State: 'allocated' })
})

it('flow control has consistent types', () => {
  expect(findings(flowSchema, { metadata, spec: { priorityLevelConfiguration: { name: 'p' } } })).toEqual([])
  expect(
    findings(flowSchema, { metadata, spec: { matchingPrecedence: 1, priorityLevelConfiguration: { name: 'p' } } }),
  ).toEqual(["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"])
  const queue = { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } }
  expect(defaulted(priorityLevelConfiguration, { metadata, spec: queue }).spec?.limited).toEqual({
    nominalConcurrencyShares: 30,
    lendablePercent: 0,
    limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
  })
  expect(findings(priorityLevelConfiguration, { metadata, spec: { type: 'Limited' } })).toEqual([
    'spec.limited: Required value: must not be empty when type is Limited',
  ])
})

describe('certificate requests', () => {
  const request = Buffer.from(
    '-----BEGIN CERTIFICATE REQUEST-----\nMIH=\n-----END CERTIFICATE REQUEST-----\n',
  ).toString('base64')
  const csr = { metadata, spec: { request, signerName: 'example.com/s', usages: ['client auth'] } }

  it('require known usages, a signer and a duration of at least ten minutes', () => {
    expect(findings(certificateSigningRequest, csr)).toEqual([])
    const [finding] = findings(certificateSigningRequest, change(csr, { 'spec.usages.0': 'tea' }))
    expect(finding).toMatch(/^spec\.usages\[0\]: Unsupported value: "tea": supported values: "any", /)
    expect(findings(certificateSigningRequest, change(csr, { 'spec.expirationSeconds': 1 }))).toEqual([
      'spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)',
    ])
    expect(
      findings(certificateSigningRequest, change(csr, { 'spec.signerName': 'kubernetes.io/legacy-unknown' })),
    ).toEqual([
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ])
  })

  it('print their condition', () => {
    const condition = (status: object): unknown => cells(certificateSigningRequest, { ...csr, status })['Condition']
    expect(condition({})).toBe('Pending')
    expect(condition({ conditions: [{ type: 'Approved' }], certificate: 'YQ==' })).toBe('Approved,Issued')
  })
})
