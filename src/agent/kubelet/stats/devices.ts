import { readFileSync, statSync } from 'node:fs'

/** `/dev/…` of a block device; its numbers where the kernel does not name it. @param device `major:minor` */
export function deviceName(device: string): string {
  try {
    const name = /^DEVNAME=(.+)$/m.exec(readFileSync(`/sys/dev/block/${device}/uevent`, 'utf8'))?.[1]
    return name ? `/dev/${name}` : device
  } catch {
    return device
  }
}

/** The device of the filesystem that a path lies on. */
export function deviceOf(path: string): string {
  try {
    return deviceName(deviceNumbers(statSync(path).dev))
  } catch {
    return ''
  }
}

/** Of a `dev_t`, as Linux packs it. */
export const deviceNumbers = (dev: number): string =>
  `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`
