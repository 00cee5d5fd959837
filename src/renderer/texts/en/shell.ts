/** The frame of the window: rail, header, status bar, notices, connection. */
export const shell = {
  skipToContent: 'Skip to the content',
  allClusters: 'All clusters',
  notRunning: 'This cluster is not running.',
  signOut: 'Sign out',
  notices: {
    title: 'Notices',
    none: 'No notices yet',
    clear: 'Clear',
  },
  signedOut: {
    title: 'You are signed out',
    text: 'Your clusters keep running. To sign in again, run this where Slipway runs, and open the address that it prints. The address works once.',
  },
}
