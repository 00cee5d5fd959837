import { app, dialog } from 'electron'
import type { ShellRequest } from '#shared/contract/app.ts'
import { openedByArguments, type Opened } from './arguments.ts'
import { addressOfLink } from './deep-link.ts'
import { readManifestFiles } from './manifest-files.ts'
import type { ShellTexts } from './texts/index.ts'

/**
 * Links and files that the system opens with the app, from now on: macOS tells of those that start it before it is ready. They
 * wait until somebody attends to them.
 */
export function collectOpened(): { attend(handle: (opened: Opened) => void): void } {
  let waiting: Opened[] = [openedByArguments(process.argv.slice(1), process.cwd())]
  let handle: ((opened: Opened) => void) | undefined
  const take = (opened: Opened): void => {
    if (handle) handle(opened)
    else waiting.push(opened)
  }
  app.on('open-url', (event, url) => {
    event.preventDefault()
    take({ links: [url], files: [] })
  })
  app.on('open-file', (event, path) => {
    event.preventDefault()
    take({ links: [], files: [path] })
  })
  app.on('second-instance', (_event, words, folder) => take(openedByArguments(words.slice(1), folder)))
  return {
    attend(handler) {
      handle = handler
      for (const opened of waiting) handler(opened)
      waiting = []
    },
  }
}

/** Has a window show what was opened; a file that cannot be read is told. */
export async function showOpened(
  { links, files }: Opened,
  { ask, texts: { dialogs } }: { ask(request: ShellRequest): void; texts: ShellTexts },
): Promise<void> {
  for (const link of links) {
    const address = addressOfLink(link)
    if (address === undefined) dialog.showErrorBox(dialogs.badLink, link)
    else ask({ visit: address })
  }
  if (files.length === 0) return
  const { manifests, problems } = await readManifestFiles(files)
  if (problems.length > 0) dialog.showErrorBox(dialogs.badFiles, problems.join('\n'))
  if (manifests.length > 0) ask({ manifests })
}

/** Asks which manifests to open. */
export async function chooseManifests({ dialogs }: ShellTexts): Promise<Opened> {
  const { filePaths } = await dialog.showOpenDialog({
    title: dialogs.openManifests,
    properties: ['openFile', 'multiSelections'],
    filters: [{ name: dialogs.manifests, extensions: ['yaml', 'yml', 'json'] }],
  })
  return { links: [], files: filePaths }
}
