#!/bin/sh
# First process of a worker: readies the kernel's face for a nested engine, starts the engine, then keeps the agent alive.
set -eu

# Containers inside need mounts to propagate, as on a real node.
mount --make-rshared /

# Without --privileged the outer engine mounts these read-only; the inner one makes groups and interfaces of its own.
mount -o remount,rw /sys 2>/dev/null || true
awk '$2 ~ "^/sys/fs/cgroup(/|$)" && $4 ~ "^ro(,|$)" { print $2 }' /proc/mounts | while read -r group; do
  mount -o remount,bind,rw "$group"
done
[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod -m 666 /dev/net/tun c 10 200; }

if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  # cgroup v2: a group with processes of its own cannot pass controllers on, so everything here moves into a child.
  # New processes may come in meanwhile (an exec from outside), so it is tried until it holds.
  mkdir -p /sys/fs/cgroup/init
  tries=0
  while ! {
    xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
    sed -e 's/ / +/g' -e 's/^/+/' < /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
  } && [ $tries -lt 40 ]; do
    tries=$((tries + 1))
    sleep 0.05
  done
  # One controller that cannot be passed on must not keep the others back.
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
  done
else
  # cgroup v1: controllers that the outer engine left out are mounted here.
  for controller in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
    if ! grep -q "[ ,]$controller[, ]\|cgroup.*[, ]$controller\b" /proc/mounts && [ ! -d "/sys/fs/cgroup/$controller" ]; then
      mkdir -p "/sys/fs/cgroup/$controller"
      mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" 2>/dev/null || rmdir "/sys/fs/cgroup/$controller"
    fi
  done
fi

# The kernel's tables may be written by either front end; ours has to be the one that the outer engine already uses.
legacy=$( (iptables-legacy-save 2>/dev/null || true) | grep -c '^-' || true)
nft=$( (iptables-nft-save 2>/dev/null || true) | grep -c '^-' || true)
if [ "$legacy" -gt "$nft" ]; then mode=legacy; else mode=nft; fi
if ! "iptables-$mode" -t nat -nL >/dev/null 2>&1; then
  if [ "$mode" = nft ]; then mode=legacy; else mode=nft; fi
fi
update-alternatives --set iptables "/usr/sbin/iptables-$mode" >/dev/null
update-alternatives --set ip6tables "/usr/sbin/ip6tables-$mode" >/dev/null

# The image's own, if it has one, would be every worker's.
[ -s /var/lib/slipway/machine-id ] || tr -d - < /proc/sys/kernel/random/uuid > /var/lib/slipway/machine-id
cp /var/lib/slipway/machine-id /etc/machine-id
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 2>/dev/null || true
sysctl -qw net.ipv4.conf.all.route_localnet=1 2>/dev/null || true

# Who reaches the engine's socket owns this worker. The engine makes it for a group; here it is root's alone, in a folder
# that only root enters, so that no group which a pod can take (runAsGroup, supplementalGroups, fsGroup) opens it.
socket=/run/slipway/docker.sock
for folder in /run/slipway /run/docker /run/containerd; do
  mkdir -p "$folder"
  chmod 700 "$folder"
done
restrict_socket() {
  while kill -0 "$1" 2>/dev/null && [ ! -S "$socket" ]; do sleep 0.05; done
  chmod 600 "$socket" 2>/dev/null || true
}

# containerd keeps here what runs, which ends with the worker; images, layers and containers are the engine's own. It waits for
# the disk six times at the start of a container, and for memory not at all. A dead engine's successor finds it.
mkdir -p /var/lib/docker/containerd
mount -t tmpfs -o mode=711,size=64m containerd /var/lib/docker/containerd 2>/dev/null || true

# An engine that dies is started anew, as an init system would; one that dies three times at once is given up.
keep_engine() {
  dockerd=
  trap 'kill -TERM "$dockerd" 2>/dev/null; wait "$dockerd"; exit 0' TERM
  failures=0
  while [ $failures -lt 3 ]; do
    rm -f /var/run/docker.pid /run/docker/containerd/containerd.pid "$socket"
    begun=$(date +%s)
    dockerd >>/var/log/dockerd.log 2>&1 &
    dockerd=$!
    restrict_socket "$dockerd" &
    wait "$dockerd" || true
    if [ $(($(date +%s) - begun)) -lt 5 ]; then failures=$((failures + 1)); else failures=0; fi
  done
}
: > /var/log/dockerd.log
keep_engine &
engine=$!

agent=
stop() {
  # The agent goes first and leaves pods alone; the engine then stops them in its own order.
  [ -z "$agent" ] || kill -TERM "$agent" 2>/dev/null || true
  [ -z "$agent" ] || wait "$agent" 2>/dev/null || true
  kill -TERM "$engine" 2>/dev/null || true
  wait "$engine" 2>/dev/null || true
  exit 0
}
trap stop TERM INT

while kill -0 "$engine" 2>/dev/null; do
  if [ -f /opt/slipway/agent.cjs ]; then
    # A young generation of 16 MiB twice, and what malloc keeps for each thread, are half of what an idle agent would hold.
    NODE_OPTIONS=--max-semi-space-size=2 MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=262144 node /opt/slipway/agent.cjs &
    agent=$!
    wait "$agent" || true
    agent=
    sleep 0.5 &
    wait $! || true
  else
    sleep 0.1 &
    wait $! || true
  fi
done
echo 'slipway: the engine of this worker has ended' >&2
tail -5 /var/log/dockerd.log >&2
exit 1
