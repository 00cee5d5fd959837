import { readFileSync } from 'node:fs'
import type { KubeletSettings } from '#shared/kube/kubelet/settings.ts'

/**
 * An agent's configuration, written by the control plane when the worker is created; stored beside the certificates.
 */
export interface AgentConfig {
  nodeName: string
  cluster: string
  /** Port that the host dials. */
  tunnelPort: number
  /** Port of the kubelet on this node's address; unset on workers whose tunnel has that port. */
  kubeletPort?: number
  /** Port on this node that leads to the API server. */
  apiPort: number
  clusterDns: string
  clusterDomain: string
  serviceCidr: string
  podCidr: string
  /** Ranges of the second family, on workers of a dual-stack cluster. */
  ipv6?: { podCidr: string; serviceCidr: string }
  /** `v1.36.0` */
  version: string
  /** Limits of the worker in cores and bytes; unset when it may use all of the engine's. */
  cpus?: number
  memoryBytes?: number
  /** Port on this node's 127.0.0.1 that leads to the host's registry of images; none when unset. */
  registryPort?: number
  /** From the cluster's `kubelet.yaml`; the defaults, when unset. */
  kubelet?: KubeletSettings
}

export interface AgentFiles extends AgentConfig {
  /** For the API server: the cluster's authority, and the node's certificate. */
  api: { ca: string; cert: string; key: string }
  /** For the port that the host dials: the tunnels' authority, and this worker's certificate. */
  tunnel: { ca: string; cert: string; key: string }
  /** Certificate and key of the kubelet's port; written after the start, when the address is known. */
  servingFile: string
}

/** Folder of `agent.json` and the PEM files. */
export function readConfig(dir: string): AgentFiles {
  const read = (name: string): string => readFileSync(`${dir}/${name}`, 'utf8')
  const config = JSON.parse(read('agent.json')) as AgentConfig
  return {
    ...config,
    api: { ca: read('ca.crt'), cert: read('client.crt'), key: read('client.key') },
    servingFile: `${dir}/kubelet.pem`,
    tunnel: { ca: read('tunnel-ca.crt'), cert: read('server.crt'), key: read('server.key') },
  }
}
