import { readFileSync } from 'node:fs'

/**
 * Whether no process of this worker can have a capability: workers are created without those that reach the host's
 * kernel beyond the worker (`workers/docker/provider.ts`), and some hosts withhold more.
 * @param name with or without `CAP_`, as in a container's securityContext
 */
export function lacksCapability(name: string, status = readFileSync('/proc/self/status', 'utf8')): boolean {
  const bit = names.indexOf(name.toUpperCase().replace(/^CAP_/, ''))
  return bit >= 0 && !isInSet(status, 'CapBnd', bit)
}

/** Whether this process has a capability in its effective set. */
export const holdsCapability = (name: string, status = readFileSync('/proc/self/status', 'utf8')): boolean =>
  isInSet(status, 'CapEff', names.indexOf(name))

function isInSet(status: string, set: 'CapBnd' | 'CapEff', bit: number): boolean {
  const mask = BigInt(`0x${new RegExp(`^${set}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? '0'}`)
  return (mask & (1n << BigInt(bit))) !== 0n
}

/** In the order of their bits (linux/capability.h). */
const names = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ')
