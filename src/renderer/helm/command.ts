/** The same for a terminal: what Slipway does, as the user would type it. */
export function helmCommand(
  words: readonly string[],
  { context, namespace }: { context: string; namespace: string },
): string {
  return ['helm', ...words, '--namespace', namespace, '--kube-context', context].map(quoted).join(' ')
}

const quoted = (word: string): string => (/^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
