import { describe, expect, it } from 'vitest'
import type { Container, PodSpec } from '#shared/kube/generated/types.ts'
import { latest, violationsOf, type Level } from './checks.ts'

/** A pod that the restricted level allows. */
const safe: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'c',
      image: 'app',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
}
const [main] = safe.containers
const withMain = (more: Partial<Container>): PodSpec => ({ ...safe, containers: [{ ...main, name: 'c', ...more }] })
const withContext = (more: object): PodSpec => withMain({ securityContext: { ...main?.securityContext, ...more } })
const ofPod = (more: object): PodSpec => ({ ...safe, securityContext: { ...safe.securityContext, ...more } })

interface Row {
  what: string
  spec: PodSpec
  annotations?: Record<string, string>
  level: Level
  finding: string
  /** Allowed below this minor version. */
  since?: number
}

const hosts = (...named: string[]): string =>
  `probe or lifecycle host (container "c" uses probe or lifecycle ${named.length === 1 ? 'host' : 'hosts'} ${named.map((name) => `"${name}"`).join(', ')})`
const appArmor = (who: string, value: string): string =>
  `forbidden AppArmor profile (${who} must not set AppArmor profile type to ${JSON.stringify(value)})`

const rows: Row[] = [
  ...(['hostNetwork', 'hostPID', 'hostIPC'] as const).map((name): Row => ({
    what: name,
    spec: { ...safe, [name]: true },
    level: 'baseline',
    finding: `host namespaces (${name}=true)`,
  })),
  {
    what: 'privileged',
    spec: withContext({ privileged: true }),
    level: 'baseline',
    finding: 'privileged (container "c" must not set securityContext.privileged=true)',
  },
  {
    what: 'a host path',
    spec: { ...safe, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    level: 'baseline',
    finding: 'hostPath volumes (volume "v")',
  },
  {
    what: 'a host port',
    spec: withMain({ ports: [{ containerPort: 80, hostPort: 80 }] }),
    level: 'baseline',
    finding: 'hostPort (container "c" uses hostPort 80)',
  },
  {
    what: 'a host of an HTTP probe',
    spec: withMain({ livenessProbe: { httpGet: { host: '169.254.169.254', port: 80 } } }),
    level: 'baseline',
    since: 34,
    finding: hosts('169.254.169.254'),
  },
  {
    what: 'hosts of TCP probes',
    spec: withMain({
      readinessProbe: { tcpSocket: { host: 'b', port: 80 } },
      startupProbe: { tcpSocket: { host: 'a', port: 80 } },
    }),
    level: 'baseline',
    since: 34,
    finding: hosts('a', 'b'),
  },
  {
    what: 'a host of postStart',
    spec: withMain({ lifecycle: { postStart: { httpGet: { host: 'a', port: 80 } } } }),
    level: 'baseline',
    since: 34,
    finding: hosts('a'),
  },
  {
    what: 'a host of preStop',
    spec: withMain({ lifecycle: { preStop: { tcpSocket: { host: 'a', port: 80 } } } }),
    level: 'baseline',
    since: 34,
    finding: hosts('a'),
  },
  {
    what: 'AppArmor of the pod',
    spec: ofPod({ appArmorProfile: { type: 'Unconfined' } }),
    level: 'baseline',
    finding: appArmor('pod', 'Unconfined'),
  },
  {
    what: 'AppArmor of a container',
    spec: withContext({ appArmorProfile: { type: 'Unconfined' } }),
    level: 'baseline',
    finding: appArmor('container "c"', 'Unconfined'),
  },
  {
    what: 'AppArmor by annotation',
    spec: safe,
    annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' },
    level: 'baseline',
    finding: appArmor('annotation', 'container.apparmor.security.beta.kubernetes.io/c="unconfined"'),
  },
  {
    what: 'an SELinux type, user and role',
    spec: withContext({ seLinuxOptions: { type: 'spc_t', user: 'u', role: 'r' } }),
    level: 'baseline',
    finding:
      'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
  },
  {
    what: 'an SELinux user of the pod',
    spec: ofPod({ seLinuxOptions: { user: 'u' } }),
    level: 'baseline',
    finding: 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: user may not be set)',
  },
  {
    what: 'an unmasked /proc',
    spec: withContext({ procMount: 'Unmasked' }),
    level: 'baseline',
    finding: 'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  },
  {
    what: 'no seccomp for the pod',
    spec: ofPod({ seccompProfile: { type: 'Unconfined' } }),
    level: 'baseline',
    since: 19,
    finding: 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
  },
  {
    what: 'no seccomp for a container',
    spec: withContext({ seccompProfile: { type: 'Unconfined' } }),
    level: 'baseline',
    since: 19,
    finding: 'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  },
  {
    what: 'an unsafe sysctl',
    spec: ofPod({ sysctls: [{ name: 'kernel.msgmax', value: '1' }] }),
    level: 'baseline',
    finding: 'forbidden sysctls (kernel.msgmax)',
  },
  {
    what: 'a Windows host process',
    spec: ofPod({ windowsOptions: { hostProcess: true } }),
    level: 'baseline',
    finding: 'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
  },
  {
    what: 'an added capability',
    spec: withContext({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }),
    level: 'baseline',
    finding:
      'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
  },
  {
    what: 'a restricted volume',
    spec: { ...safe, volumes: [{ name: 'v', nfs: { path: '/', server: 'a' } }] },
    level: 'restricted',
    finding: 'restricted volume types (volume "v" uses restricted volume type "nfs")',
  },
  {
    what: 'privilege escalation',
    spec: withContext({ allowPrivilegeEscalation: true }),
    level: 'restricted',
    since: 8,
    finding:
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
  },
  {
    what: 'capabilities that are kept',
    spec: withContext({ capabilities: { add: ['CHOWN'] } }),
    level: 'restricted',
    since: 22,
    finding:
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" in securityContext.capabilities.add)',
  },
  {
    what: 'root allowed by the pod',
    spec: ofPod({ runAsNonRoot: false }),
    level: 'restricted',
    finding: 'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)',
  },
  {
    what: 'root by default',
    spec: ofPod({ runAsNonRoot: undefined }),
    level: 'restricted',
    finding: 'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
  },
  {
    what: 'user 0',
    spec: withContext({ runAsUser: 0 }),
    level: 'restricted',
    since: 23,
    finding: 'runAsUser=0 (container "c" must not set runAsUser=0)',
  },
  {
    what: 'no seccomp profile',
    spec: ofPod({ seccompProfile: undefined }),
    level: 'restricted',
    since: 19,
    finding:
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
]

describe('the Pod Security Standards', () => {
  it('allow a safe pod', () => expect(violationsOf({ spec: safe }, 'restricted')).toEqual([]))

  it.each(rows)('refuse $what', ({ spec, annotations, level, finding, since = 0 }) => {
    const pod = { metadata: { annotations: annotations ?? {} }, spec }
    expect(violationsOf(pod, level)).toEqual([finding])
    expect(violationsOf(pod, level, since)).toEqual([finding])
    if (since > 0) expect(violationsOf(pod, level, since - 1)).toEqual([])
    if (level === 'restricted') expect(violationsOf(pod, 'baseline')).toEqual([])
  })

  it('include init and ephemeral containers', () => {
    const bad = { name: 'x', image: 'a', securityContext: { privileged: true } }
    for (const field of ['initContainers', 'ephemeralContainers'])
      expect(violationsOf({ spec: { ...safe, [field]: [bad] } }, 'baseline'), field).toEqual([
        'privileged (container "x" must not set securityContext.privileged=true)',
      ])
  })

  it('report a finding of both levels once, in the restricted level’s wording', () => {
    const spec: PodSpec = {
      ...withContext({ capabilities: { add: ['SYS_ADMIN'], drop: ['ALL'] } }),
      volumes: [{ name: 'v', hostPath: { path: '/' } }],
    }
    expect(violationsOf({ spec }, 'restricted')).toEqual([
      'restricted volume types (volume "v" uses restricted volume type "hostPath")',
      'unrestricted capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
    ])
  })

  it.each([
    ['net.ipv4.tcp_syncookies', 0],
    ['net.ipv4.ip_local_reserved_ports', 27],
    ['net.ipv4.tcp_keepalive_time', 29],
    ['net.ipv4.tcp_rmem', 32],
  ])('allow the sysctl %s since v1.%i', (name, since) => {
    const pod = { spec: ofPod({ sysctls: [{ name, value: '1' }] }) }
    expect(violationsOf(pod, 'baseline', since)).toEqual([])
    if (since > 0) expect(violationsOf(pod, 'baseline', since - 1)).toEqual([`forbidden sysctls (${name})`])
  })

  it.each<[string, PodSpec]>([
    ['root by default', ofPod({ runAsNonRoot: undefined })],
    ['root allowed', ofPod({ runAsNonRoot: false })],
    ['user 0', withContext({ runAsUser: 0 })],
  ])('allow %s in a user namespace', (_what, spec) => {
    expect(violationsOf({ spec: { ...spec, hostUsers: false } }, 'restricted')).toEqual([])
    expect(violationsOf({ spec: { ...spec, hostUsers: true } }, 'restricted')).toHaveLength(1)
  })

  it('allow an unmasked /proc in a user namespace since v1.35, unless restricted', () => {
    const pod = { spec: { ...withContext({ procMount: 'Unmasked' }), hostUsers: false } }
    const finding = 'procMount (container "c" must not set securityContext.procMount to "Unmasked")'
    expect(violationsOf(pod, 'baseline', 34)).toEqual([finding])
    expect(violationsOf(pod, 'baseline', 35)).toEqual([])
    expect(violationsOf(pod, 'restricted', 34)).toEqual([finding])
    expect(violationsOf(pod, 'restricted', 35)).toEqual([finding])
  })

  it('check seccomp annotations before v1.19', () => {
    const annotations = { 'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined' }
    const pod = { metadata: { annotations }, spec: safe }
    expect(violationsOf(pod, 'baseline', 18)).toEqual([
      'seccompProfile (forbidden annotation container.seccomp.security.alpha.kubernetes.io/c="unconfined")',
    ])
    expect(violationsOf(pod, 'baseline', latest)).toEqual([])
  })
})
