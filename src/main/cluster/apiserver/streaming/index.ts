import type { ConnectHandler } from '../api/connect.ts'
import { commandHandlers } from './command.ts'
import { logHandler } from './log.ts'
import { portForwardHandler } from './port-forward.ts'
import { proxyHandlers, type ProxyOptions } from './proxy.ts'

/** The subresources whose requests the API server passes to a worker. */
export const streamingHandlers = (options: ProxyOptions): ConnectHandler[] => [
  logHandler(options),
  ...commandHandlers(options),
  portForwardHandler(options),
  ...proxyHandlers(options),
]
