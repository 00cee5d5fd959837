/** Gateways of a routing table as `/proc/net/route` shows it: hexadecimal, the last octet first. */
export function gatewaysOf(table: string): Set<string> {
  const fields = table.split('\n').map((line) => line.trim().split(/\s+/)[2] ?? '')
  return new Set(fields.filter((field) => /^(?!0{8})[0-9A-F]{8}$/i.test(field)).map(addressOf))
}

const addressOf = (field: string): string => [6, 4, 2, 0].map((at) => parseInt(field.slice(at, at + 2), 16)).join('.')
