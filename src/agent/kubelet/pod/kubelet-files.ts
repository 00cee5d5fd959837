import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createMessageFile } from '../files/termination-message.ts'
import { hostsFile, podHostname, resolvConf, type DnsSettings } from '../pod-files.ts'
import type { Mount } from '../runtime/runtime.ts'
import { podFolder } from '../volume-folders.ts'

/** Files that the kubelet keeps in each container: /etc/hosts, /etc/resolv.conf and the termination message. */

/**
 * Writes the files that all containers of the pod share. @param ips the pod's addresses
 * @returns what its resolv.conf had to leave out, in words
 */
export async function writePodFiles(
  root: string,
  pod: Stored<Pod>,
  ips: readonly string[],
  dns: DnsSettings,
): Promise<string[]> {
  const folder = podFolder(root, pod.metadata.uid)
  await mkdir(folder, { recursive: true })
  const identity = {
    hostname: podHostname(pod),
    ips,
    clusterDomain: dns.clusterDomain,
    namespace: pod.metadata.namespace,
  }
  const { text, omissions } = resolvConf(pod, dns)
  const nodeHosts = pod.spec?.hostNetwork ? await readFile('/etc/hosts', 'utf8') : ''
  await Promise.all([
    writeFile(join(folder, 'etc-hosts'), hostsFile(pod, identity, nodeHosts)),
    writeFile(join(folder, 'resolv.conf'), text),
  ])
  return omissions
}

/** Makes the termination message file of an attempt. @returns the mounts of the kubelet's own files */
export async function ownMounts(
  root: string,
  pod: Stored<Pod>,
  container: Container,
  attempt: number,
): Promise<Mount[]> {
  const folder = podFolder(root, pod.metadata.uid)
  const message = await createMessageFile(folder, container.name, attempt)
  const bind = (source: string, target: string): Mount => ({
    source,
    target,
    readOnly: false,
    propagation: 'rprivate',
  })
  const taken = new Set((container.volumeMounts ?? []).map(({ mountPath }) => mountPath))
  return [
    bind(join(folder, 'etc-hosts'), '/etc/hosts'),
    bind(join(folder, 'resolv.conf'), '/etc/resolv.conf'),
    bind(message, container.terminationMessagePath ?? '/dev/termination-log'),
  ].filter(({ target }) => !taken.has(target))
}
