/** Waits for all `tasks` even after one has failed, so that none is left running. @throws the first failure */
export async function waitForAll(tasks: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(tasks)
  await Promise.all(tasks)
}
