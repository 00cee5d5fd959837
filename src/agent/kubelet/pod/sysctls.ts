import type { Pod } from '#shared/kube/generated/types.ts'

/** Kernel settings that a pod may have without its node allowing them (Kubernetes: "Safe and Unsafe Sysctls"). */
const safeSysctls: Record<string, 'ipc' | 'net'> = {
  'kernel.shm_rmid_forced': 'ipc',
  'net.ipv4.ip_local_port_range': 'net',
  'net.ipv4.tcp_syncookies': 'net',
  'net.ipv4.ping_group_range': 'net',
  'net.ipv4.ip_unprivileged_port_start': 'net',
  'net.ipv4.ip_local_reserved_ports': 'net',
  'net.ipv4.tcp_keepalive_time': 'net',
  'net.ipv4.tcp_fin_timeout': 'net',
  'net.ipv4.tcp_keepalive_intvl': 'net',
  'net.ipv4.tcp_keepalive_probes': 'net',
  'net.ipv4.tcp_rmem': 'net',
  'net.ipv4.tcp_wmem': 'net',
}

/** Why one of the pod's sysctls is refused, in the kubelet's words; undefined when none is. */
export function forbiddenSysctl({ spec }: Pod): string | undefined {
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const namespace = safeSysctls[dotted(name)]
    if (namespace === undefined) return `"${name}" not allowlisted`
    if (namespace === 'ipc' ? spec?.hostIPC : spec?.hostNetwork)
      return `"${name}" not allowed with host ${namespace} enabled`
  }
  return undefined
}

/** Names may be written with slashes: the first separator decides which of the two separates (sysctl(8)). */
export function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0]
  return first === '/' ? name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/')) : name
}
