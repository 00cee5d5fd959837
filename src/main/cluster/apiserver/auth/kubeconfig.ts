import { stringify } from 'yaml'
import type { Credentials } from './certificates.ts'
import { writePrivateFile } from '#main/keys/private-file.ts'

export interface KubeconfigOptions {
  /** Name of the cluster, the user and the context. */
  name: string
  /** `https://127.0.0.1:6443` */
  server: string
  /** The cluster's CA, PEM. */
  ca: string
  /** The user's client certificate and key, PEM. */
  credentials: Credentials
  namespace?: string
}

/** The text of a kubeconfig with one context. */
export function kubeconfigText({ name, server, ca, credentials, namespace }: KubeconfigOptions): string {
  const user = `${name}-admin`
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(credentials.cert),
          'client-key-data': base64(credentials.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user, ...(namespace ? { namespace } : {}) } }],
    'current-context': name,
    preferences: {},
  })
}

/** Writes a kubeconfig with mode 0600, replacing the whole file. */
export const writeKubeconfig = (file: string, options: KubeconfigOptions): Promise<void> =>
  writePrivateFile(file, kubeconfigText(options))

const base64 = (text: string): string => Buffer.from(text).toString('base64')
