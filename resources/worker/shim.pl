#!/usr/bin/perl
# containerd's shim, as it is started in the bundle of each container. Before the runtime reads the bundle, what the engine
# cannot be told is written into the container's configuration.
#
# Hostname: the engine gives a container that of its sandbox, which may have been made before its pod. The annotation has
# the pod's (`runtime/docker.ts`). Quotes within values are escaped, so that the patterns find keys alone.
#
# Network: the engine has its own program started in a new network namespace, to set up what the agent sets up by itself.
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

my ($action, %option) = arguments(@ARGV);
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
