/** Gateways of a routing table in the format of `/proc/net/route`: hexadecimal, least significant octet first. */
export function gatewaysOf(table: string): Set<string> {
  const fields = table.split('\n').map((line) => line.trim().split(/\s+/)[2] ?? '')
  return new Set(fields.filter((field) => /^(?!0{8})[0-9A-F]{8}$/i.test(field)).map(addressOf))
}

const addressOf = (field: string): string => [6, 4, 2, 0].map((at) => parseInt(field.slice(at, at + 2), 16)).join('.')
