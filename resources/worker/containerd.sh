#!/bin/sh
# containerd, as the engine starts it: `containerd --config FILE`, a file that the engine has just written, with no setting for
# this: four times a second its garbage collector looks whether there is something to do, which is most of what containerd
# takes in an idle worker. It waits for the time of a collection, 5 ms at least, divided by this share: ten seconds.
set -eu
[ "${1:-}" != --config ] || cat >> "$2" <<'END'
[plugins."io.containerd.gc.v1.scheduler"]
  pause_threshold = 0.0005
END
exec /usr/bin/containerd "$@"
