#!/usr/bin/perl
# containerd's shim, as it is started in the bundle of each container. Before the runtime reads the bundle, what the engine
# cannot be told is written into the container's configuration.
#
# Hostname: the engine gives a container that of its sandbox, which may have been made before its pod. The annotation has
# the pod's (`runtime/docker.ts`). Quotes within values are escaped, so that the patterns find keys alone.
#
# Network: the engine has its own program started in a new network namespace, to set up what the agent sets up by itself.
#
# User namespace: the engine has one for all containers or for none. The annotation has the first of the 65,536 users of the
# node that the users of the pod become. The pod's sandbox makes the namespace, its containers enter it. Folders that are
# mounted, the layers of the image among them, are mapped, so that files keep their owners.
#
# Devices, on cgroup v1: a privileged container is given all by a write that the kernel refuses, because the worker itself
# has not got them all. What a worker has is put in its place.
#
# A process serves all containers of a group. The shim's own program only tells its address when a container starts, and
# after its end looks for what that process may have left: a fifth of the processor time of either. Where the process runs,
# it is not asked.
use strict;

my $shim = '/usr/bin/containerd-shim-runc-v2';
# The address of the group's process, as the program has told it.
my $known = '/run/slipway/shim-address';
# Where the runtime keeps what it knows of the engine's containers.
my $running = '/run/docker/runtime-runc/moby';
# The mapped root folders of containers in user namespaces, by container. Their users are nobody here: others may pass.
my $roots = '/run/slipway-roots';

my ($action, %option) = arguments(@ARGV);
forget_root() if $action eq 'delete';
my $configuration = $action eq 'start' ? adapted('config.json') : '';
if ($configuration =~ /"io\.containerd\.runc\.v2\.group":"slipway"/) {
  print address();
} elsif ($action ne 'delete' or !is_gone()) {
  exec $shim, @ARGV or die "$shim: $!\n";
}

sub arguments {
  my @given = @_;
  my $action = pop @given // '';
  my %option;
  while (@given) {
    my $name = shift @given;
    $option{$name} = @given && $given[0] !~ /^-/ ? shift @given : '';
  }
  return ($action, %option);
}

sub address {
  my $address = contents($known) // '';
  if (listens($address)) {
    replace('address', $address);
    return $address;
  }
  open my $out, '-|', $shim, @ARGV or die "$shim: $!\n";
  $address = rest($out);
  if (!close $out) {
    print $address;
    exit 1;
  }
  replace($known, $address);
  return $address;
}

# Whether the runtime no longer knows the container, nothing is mounted in its bundle, and the group's process is not what
# has gone.
sub is_gone {
  my ($bundle, $id) = @option{'-bundle', '-id'};
  return 0 if !$bundle or !$id or !-d $running or -e "$running/$id" or !listens(contents($known) // '');
  my ($outer) = stat $bundle;
  my ($inner) = stat "$bundle/rootfs";
  return !defined $inner || $inner == $outer;
}

# Adapts the configuration in this file. Returns it.
sub adapted {
  my ($file) = @_;
  my $text = contents($file) // return '';
  my $before = $text;
  if ($text =~ /"dev\.slipway\.hostname":"([^"]*)"/) {
    my $hostname = $1;
    $text =~ s/"hostname":"[^"]*"/"hostname":"$hostname"/;
  }
  if ($text =~ /"dev\.slipway\.own-network":"true"/) {
    $text =~ s/,?\{"path":"[^"]*","args":\["libnetwork-setkey"[^\]]*\]\}//;
  }
  if ($text =~ /"dev\.slipway\.user-namespace":"(\d+)"/) {
    $text = in_user_namespace($text, $1);
  }
  my $devices = contents('/sys/fs/cgroup/devices/devices.list');
  if (defined $devices) {
    my $own = join ',', map { rule(split) } split /\n/, $devices;
    $text =~ s/\Q{"allow":true,"access":"rwm"}\E/$own/;
  }
  replace($file, $text) if $text ne $before;
  return $text;
}

sub rule {
  my ($type, $numbers, $access) = @_;
  my ($major, $minor) = split /:/, $numbers;
  my $rule = qq({"allow":true,"type":"$type","access":"$access");
  $rule .= qq(,"major":$major) if $major ne '*';
  $rule .= qq(,"minor":$minor) if $minor ne '*';
  return "$rule}";
}

# The configuration of a container whose users are those of the node from this one on.
sub in_user_namespace {
  my ($text, $first) = @_;
  my $map = qq([{"containerID":0,"hostID":$first,"size":65536}]);
  my $mappings = qq("uidMappings":$map,"gidMappings":$map);
  my ($sandbox) = $text =~ m{"type":"network","path":"(/proc/\d+/ns)/net"};
  my $namespace = defined $sandbox ? qq({"type":"user","path":"$sandbox/user"}) : '{"type":"user"}';
  $text =~ s/"namespaces":\[/"namespaces":[$namespace,/;
  $text =~ s/"linux":\{/"linux":{$mappings,/;
  $text =~ s/("type":"bind",[^{}]*"options":\[[^\]]*\])/$1,$mappings/g;
  $text =~ s!("root":\{"path":)"([^"]*)"!$1 . '"' . own_root($2, $first) . '"'!e;
  show_kernel();
  return $text;
}

sub own_root {
  my $root = eval { mapped_root(@_) };
  return $root if defined $root;
  my $why = $@;
  forget_root();
  die $why;
}

# Mounts the layers of the image once more, with mapped owners, and what the container writes over them. The engine's own mount
# is not used meanwhile. @return where
sub mapped_root {
  my ($merged, $first) = @_;
  my ($layer) = $merged =~ m{^(.+)/merged$} or die "no layers at $merged\n";
  my $folder = "$roots/$option{-id}";
  my @lower = split /:/, contents("$layer/lower") // '';
  my @mapped = map { "$folder/$_" } 0 .. $#lower;
  run('mkdir', '-p', '-m', '711', $roots);
  run('mkdir', '-p', "$layer/mapped", "$folder/root", @mapped);
  for my $at (0 .. $#lower) {
    run('mount', '--bind', '-o', "X-mount.idmap=b:0:$first:65536", "$layer/../$lower[$at]", $mapped[$at]);
  }
  # What the engine has made for the container is root's.
  run('chown', '-hR', '--from=0:0', "$first:$first", "$layer/diff");
  # The kernel takes 4,096 bytes of options, and by its newer interface 256 of each.
  local $ENV{LIBMOUNT_FORCE_MOUNT2} = 'always';
  my $lowest = join ':', 0 .. $#lower;
  my $options = "lowerdir=$lowest,upperdir=$layer/diff,workdir=$layer/mapped,index=off";
  run('sh', '-c', 'cd "$1" && mount -t overlay -o "$2" overlay root', 'sh', $folder, $options);
  run('umount', '-l', @mapped);
  return "$folder/root";
}

sub forget_root {
  my $folder = "$roots/" . ($option{-id} || return);
  return if !-d $folder;
  system 'sh', '-c', 'for each in "$1"/*; do umount -l "$each" 2>/dev/null; rmdir "$each"; done; rmdir "$1"', 'sh', $folder;
}

# The kernel mounts /proc and /sys in a user namespace only where they are seen whole: a worker's own have parts covered.
sub show_kernel {
  for my $kind ('proc', 'sysfs') {
    my $folder = "/run/slipway/kernel/$kind";
    next if -d $folder;
    run('mkdir', '-p', $folder);
    run('mount', '-t', $kind, '-o', 'nosuid,nodev,noexec', $kind, $folder);
  }
}

sub run {
  my @command = @_;
  open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command or die "$command[0]: $!\n";
  my $said = rest($out) // '';
  close $out or die "@command[0, 1]: $said\n";
}

sub listens {
  my ($address) = @_;
  my ($path) = $address =~ m{^unix://(/.+)$} or return 0;
  my ($unix, $stream) = (1, 1);
  socket my $socket, $unix, $stream, 0 or return 0;
  return connect $socket, pack 'S Z108', $unix, $path;
}

sub contents {
  my ($file) = @_;
  open my $in, '<', $file or return undef;
  return rest($in);
}

sub rest {
  my ($in) = @_;
  local $/;
  return scalar <$in>;
}

sub replace {
  my ($file, $text) = @_;
  my $new = "$file.$$";
  open my $out, '>', $new or die "$new: $!\n";
  print $out $text;
  close $out or die "$new: $!\n";
  rename $new, $file or die "$file: $!\n";
}
