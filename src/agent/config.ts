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
  tls: { ca: string; client: { cert: string; key: string }; server: { cert: string; key: string } }
}

/** Folder of `agent.json` and the PEM files. */
export function readConfig(dir: string): AgentFiles {
  const read = (name: string): string => readFileSync(`${dir}/${name}`, 'utf8')
  const config = JSON.parse(read('agent.json')) as AgentConfig
  return {
    ...config,
    tls: {
      ca: read('ca.crt'),
      client: { cert: read('client.crt'), key: read('client.key') },
      server: { cert: read('server.crt'), key: read('server.key') },
    },
  }
}
