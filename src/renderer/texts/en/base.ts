/** Words of buttons and states that every area uses. */
export const base = {
  moreActions: 'More of {name}',
  cancel: 'Cancel',
  close: 'Close',
  copy: 'Copy',
  copyDetails: 'Copy details',
  copied: 'Copied',
  dismiss: 'Dismiss',
  retry: 'Retry',
  loading: 'Loading',
  working: 'Working',
  more: 'one more | {n} more',
  none: 'None',
  all: 'All',
  typeToConfirm: 'Type {name} to confirm',
  nameToConfirm: 'Name to confirm',
}
export const units = {
  years: '{n} y',
}
