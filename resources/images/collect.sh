#!/bin/sh
# collect.sh ROOT PROGRAM: copies a program with the libraries it needs, by itself and to look up names, into ROOT.
set -eu
root=$1 program=$2
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/root" "$root/var" "$root/run" "$root/proc" "$root/sys" "$root/dev"
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\nnobody:x:65534:65534::/:/bin/false\n' > "$root/etc/passwd"
printf 'root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n' > "$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
copy() {
  target=$root$1
  [ -e "$target" ] || { mkdir -p "$(dirname "$target")" && cp -L "$1" "$target"; }
}
copy "$program"
for library in $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*') $(ls /lib/*/libnss_dns.so.2 /lib/*/libnss_files.so.2 /lib/*/libresolv.so.2 2>/dev/null); do
  copy "$library"
done
