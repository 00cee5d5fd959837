/** Times and limits with which this kubelet works, in the form of its configuration file's API. */

export interface ConfigurationFacts {
  clusterDomain: string
  clusterDns: string
  ip: string
  /** Whether the port of the node's API is served. */
  isServing: boolean
}

/** Authentication and authorization of the node's port: the kubelet's defaults, ms. */
export const reviewTimes = { authenticated: 120_000, allowed: 300_000, denied: 30_000 } as const

/** The body of `/configz`: fields of kubelet.config.k8s.io/v1beta1 that this agent has an equivalent of. */
export function configurationOf({ clusterDomain, clusterDns, ip, isServing }: ConfigurationFacts): object {
  return {
    kubeletconfig: {
      enableServer: isServing,
      address: ip,
      port: 10250,
      serializeImagePulls: false,
      authentication: {
        x509: { clientCAFile: '/etc/slipway/ca.crt' },
        webhook: { enabled: true, cacheTTL: '2m0s' },
        anonymous: { enabled: false },
      },
      authorization: {
        mode: 'Webhook',
        webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' },
      },
      clusterDomain,
      clusterDNS: [clusterDns],
      streamingConnectionIdleTimeout: '0s',
      nodeStatusUpdateFrequency: '10s',
      nodeStatusReportFrequency: '5m0s',
      nodeLeaseDurationSeconds: 40,
      volumeStatsAggPeriod: '1m0s',
      cgroupsPerQOS: false,
      cgroupDriver: 'cgroupfs',
      maxPods: 110,
      resolvConf: '/etc/resolv.conf',
      cpuCFSQuota: true,
      cpuCFSQuotaPeriod: '100ms',
      failSwapOn: false,
      containerLogMaxSize: '10Mi',
      containerLogMaxFiles: 3,
      enableSystemLogHandler: false,
      enableDebuggingHandlers: false,
      containerRuntimeEndpoint: 'unix:///run/slipway/docker.sock',
    },
  }
}
