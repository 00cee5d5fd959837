import { goDuration } from '#shared/kube/human-duration.ts'
import type {
  Amount,
  EvictionSettings,
  ImageSettings,
  KubeletSettings,
  Threshold,
} from '#shared/kube/kubelet/settings.ts'

/** Times and limits with which this kubelet works, in the form of its configuration file's API. */

export interface ConfigurationFacts {
  clusterDomain: string
  clusterDns: string
  ip: string
  /** Whether the port of the node's API is served. */
  isServing: boolean
  settings: KubeletSettings
}

/** Authentication and authorization of the node's port: the kubelet's defaults, ms. */
export const reviewTimes = { authenticated: 120_000, allowed: 300_000, denied: 30_000 } as const

/** The body of `/configz`: fields of kubelet.config.k8s.io/v1beta1 that this agent has an equivalent of. */
export function configurationOf({ clusterDomain, clusterDns, ip, isServing, settings }: ConfigurationFacts): object {
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
      cgroupsPerQOS: true,
      configMapAndSecretChangeDetectionStrategy: 'Watch',
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
      ...evictionFields(settings.eviction),
      ...imageFields(settings.images),
      staticPodPath: settings.staticPodPath,
      shutdownGracePeriodByPodPriority: settings.shutdown.map(({ priority, seconds }) => ({
        priority,
        shutdownGracePeriodSeconds: seconds,
      })),
      containerRuntimeEndpoint: 'unix:///run/slipway/docker.sock',
    },
  }
}

function evictionFields({ thresholds, transitionMs, maxPodGraceSeconds }: EvictionSettings): object {
  const soft = thresholds.filter(({ graceMs }) => graceMs > 0)
  const hard = thresholds.filter(({ graceMs }) => graceMs === 0)
  const bySignal = (list: readonly Threshold[], of: (threshold: Threshold) => string): Record<string, string> =>
    Object.fromEntries(list.map((threshold) => [threshold.signal, of(threshold)]))
  return {
    evictionHard: bySignal(hard, ({ value }) => amountText(value)),
    evictionSoft: bySignal(soft, ({ value }) => amountText(value)),
    evictionSoftGracePeriod: bySignal(soft, ({ graceMs }) => goDuration(graceMs)),
    evictionMinimumReclaim: Object.fromEntries(
      thresholds.flatMap(({ signal, minimumReclaim }) =>
        minimumReclaim ? [[signal, amountText(minimumReclaim)]] : [],
      ),
    ),
    evictionPressureTransitionPeriod: goDuration(transitionMs),
    evictionMaxPodGracePeriod: maxPodGraceSeconds,
  }
}

const imageFields = ({
  highPercent,
  lowPercent,
  minimumAgeMs,
  maximumAgeMs,
  parallelPulls,
}: ImageSettings): object => ({
  ...(highPercent === undefined ? {} : { imageGCHighThresholdPercent: highPercent }),
  ...(lowPercent === undefined ? {} : { imageGCLowThresholdPercent: lowPercent }),
  imageMinimumGCAge: goDuration(minimumAgeMs),
  imageMaximumGCAge: goDuration(maximumAgeMs),
  maxParallelImagePulls: parallelPulls,
  imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages',
})

const amountText = (amount: Amount): string =>
  'quantity' in amount ? amount.quantity : `${Math.round(amount.share * 1e6) / 1e4}%`
