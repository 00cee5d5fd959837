import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { createEventRecorder, type EventRecorder } from '../client/event-recorder.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import type { Reconciled, Reconciling } from './controller.ts'

/** What every controller is given. */
export interface ControllerContext {
  client: Client
  informers: SharedInformers
  clock: Clock
  log: Log
  /** Called after every reconcile of any controller; for metrics. */
  observe?: ((event: Reconciling | Reconciled) => void) | undefined
}

/**
 * The recorder of a controller's events.
 * @param controller its name in logs
 * @param component `source.component` of its events, as Kubernetes names it
 */
export const recorderOf = (
  { client, clock, log }: ControllerContext,
  controller: string,
  component: string,
): EventRecorder => createEventRecorder({ client, clock, log: log.child({ controller }), component })
