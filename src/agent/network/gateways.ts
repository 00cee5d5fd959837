/** Gateways of a routing table in the format of `/proc/net/route`: hexadecimal, least significant octet first. */
export function gatewaysOf(table: string): Set<string> {
  const fields = table.split('\n').map((line) => line.trim().split(/\s+/)[2] ?? '')
  return new Set(fields.filter((field) => /^(?!0{8})[0-9A-F]{8}$/i.test(field)).map(addressOf))
}

/** The gateway of the default route in such a table: the machine that the workers run on. */
export function defaultGateway(table: string): string | undefined {
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/))
  const field = rows.find(([, destination, gateway]) => destination === '00000000' && gateway !== '00000000')?.[2]
  return field === undefined ? undefined : [...gatewaysOf(`x 0 ${field}`)][0]
}

const addressOf = (field: string): string => [6, 4, 2, 0].map((at) => parseInt(field.slice(at, at + 2), 16)).join('.')
