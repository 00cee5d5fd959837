import { readFileSync } from 'node:fs'

/** What the control plane tells an agent at its worker's creation; the file lies beside the certificates. */
export interface AgentConfig {
  nodeName: string
  cluster: string
  /** Port that the host dials. */
  tunnelPort: number
  /** Port of this node's own way to the API server. */
  apiPort: number
  clusterDns: string
  clusterDomain: string
  serviceCidr: string
  podCidr: string
  /** `v1.36.0` */
  version: string
  /** Cores and bytes that the worker was given, where it was given less than the engine has. */
  cpus?: number
  memoryBytes?: number
}

export interface AgentFiles extends AgentConfig {
  /** To the API server: the cluster's authority, and the node's certificate. */
  api: { ca: string; cert: string; key: string }
  /** On the port that the host dials: the tunnels' authority, and this worker's certificate. */
  tunnel: { ca: string; cert: string; key: string }
}

/** Folder of `agent.json` and the PEM files. */
export function readConfig(dir: string): AgentFiles {
  const read = (name: string): string => readFileSync(`${dir}/${name}`, 'utf8')
  const config = JSON.parse(read('agent.json')) as AgentConfig
  return {
    ...config,
    api: { ca: read('ca.crt'), cert: read('client.crt'), key: read('client.key') },
    tunnel: { ca: read('tunnel-ca.crt'), cert: read('server.crt'), key: read('server.key') },
  }
}
