/** The user's own actions, columns, links and shortcuts. */
export const yours = {
  title: 'Yours',
  about: 'Your own actions, columns, links and shortcuts, in one file that you can share.',
  open: 'Open in editor',
  back: 'Settings',
  editor: 'Your file',
  save: 'Save',
  saved: 'Saved, and in force',
  savedWithProblems: 'Saved. The version before stays in force until this one has no problems.',
  conflict: 'The file has changed meanwhile',
  conflictText:
    'Another window or an editor has written {file} since you opened it. Overwriting loses that. Loading it takes the place of your text here, which you can bring back.',
  overwrite: 'Overwrite it',
  loadTheirs: 'Load it',
  loaded: 'The file is shown as it is now',
  bringBack: 'Bring back my text',
  notInForce:
    'The file has {n} problem: its last good version stays in force. | The file has {n} problems: its last good version stays in force.',
  problems: 'Problems',
  line: 'Line {line}',
  empty: 'nothing yet',
  counts: '{actions} actions, {columns} columns, {links} links, {shortcuts} shortcuts',
  unsaved: 'Changed, not saved',
  command: {
    confirm:
      'This command is new or has changed. It runs on this machine, with access to {context}, once you confirm it.',
    run: 'Run it',
    ended: 'ended with {code}',
    stopped: 'Stopped',
    stop: 'Stop',
    again: 'Run again',
    output: 'Output of the command',
  },
}
