import type { Stop } from '#shared/base/disposable.ts'
import { setCondition, findCondition } from '#shared/kube/conditions.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { FlowSchema } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { flowSchemas, priorityLevelConfigurations } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'

/** Maintains the condition Dangling of every FlowSchema: whether its priority level is missing. */
export function startDanglingFlowSchemas(context: ControllerContext): Stop {
  const { client, clock } = context
  const schemas = context.informers.share(flowSchemas)
  const levels = context.informers.share(priorityLevelConfigurations)

  async function reconcile(name: string): Promise<Outcome> {
    const schema = schemas.get(name)
    if (!schema) return undefined
    const level = schema.spec?.priorityLevelConfiguration.name ?? ''
    const found = levels.get(level) !== undefined
    const refers = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`
    await report(
      schema,
      found
        ? { status: 'False', reason: 'Found', message: `${refers} and it exists` }
        : { status: 'True', reason: 'NotFound', message: `${refers} but there is no such object` },
    )
    return undefined
  }

  async function report(
    schema: Stored<FlowSchema>,
    verdict: { status: string; reason: string; message: string },
  ): Promise<void> {
    const present = findCondition(schema.status?.conditions, 'Dangling')
    if (present?.status === verdict.status && present.message === verdict.message) return
    const update = { type: 'Dangling', ...verdict }
    const conditions = setCondition(schema.status?.conditions, update, timestamp(clock.now()))
    try {
      await client.updateStatus(flowSchemas, { ...schema, status: { ...schema.status, conditions } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const controller = runController({
    ...context,
    name: 'priority-and-fairness-config',
    reconcile,
    shares: [schemas, levels],
    watches: [
      watch(schemas, ({ metadata }) => metadata.name),
      watch(levels, ({ metadata }) => namesOf(schemas.list(), metadata.name)),
    ],
  })
  return () => controller.stop()
}

const namesOf = (schemas: readonly Stored<FlowSchema>[], level: string | undefined): string[] =>
  schemas.filter(({ spec }) => spec?.priorityLevelConfiguration.name === level).map(({ metadata }) => metadata.name)
