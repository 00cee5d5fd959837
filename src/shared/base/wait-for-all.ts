/** Waits for all of `tasks`, also after one has failed, so that nothing is under way afterwards. @throws the first failure */
export async function waitForAll(tasks: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(tasks)
  await Promise.all(tasks)
}
