/** Words of buttons and states that every area uses. */
export const base = {
  cancel: 'Cancel',
  close: 'Close',
  copy: 'Copy',
  copyDetails: 'Copy details',
  copied: 'Copied',
  details: 'Details',
  dismiss: 'Dismiss',
  retry: 'Retry',
  undo: 'Undo',
  loading: 'Loading',
  none: 'None',
  all: 'All',
  typeToConfirm: 'Type {name} to confirm',
  nameToConfirm: 'Name to confirm',
}
export const units = {
  years: '{n} y',
}
