#!/usr/bin/perl
# crun, with what the engine cannot be told written into the configuration of a new container. Not a shell, which complains
# into the container's output when its working folder, that of the shim's first container, is gone.
#
# Hostname: the engine gives a container that of its sandbox, which may have been made before its pod. The annotation has
# the pod's (`runtime/docker.ts`). Quotes within values are escaped, so that the patterns find keys alone.
#
# Devices, on cgroup v1: a privileged container is given all by a write that the kernel refuses, because the worker itself
# has not got them all. What a worker has is put in its place.
use strict;

my ($bundle) = map { $ARGV[$_] eq '--bundle' ? $ARGV[$_ + 1] : () } 0 .. $#ARGV;
adapt("$bundle/config.json") if defined $bundle;
exec '/usr/bin/crun', @ARGV or die "crun: $!\n";

sub adapt {
  my ($file) = @_;
  my $text = contents($file) // return;
  my $before = $text;
  if ($text =~ /"dev\.slipway\.hostname":"([^"]*)"/) {
    my $hostname = $1;
    $text =~ s/"hostname":"[^"]*"/"hostname":"$hostname"/;
  }
  my $devices = contents('/sys/fs/cgroup/devices/devices.list');
  if (defined $devices) {
    my $own = join ',', map { rule(split) } split /\n/, $devices;
    $text =~ s/\Q{"allow":true,"access":"rwm"}\E/$own/;
  }
  return if $text eq $before;
  open my $out, '>', "$file.new" or die "$file: $!\n";
  print $out $text;
  close $out or die "$file: $!\n";
  rename "$file.new", $file or die "$file: $!\n";
}

sub rule {
  my ($type, $numbers, $access) = @_;
  my ($major, $minor) = split /:/, $numbers;
  my $rule = qq({"allow":true,"type":"$type","access":"$access");
  $rule .= qq(,"major":$major) if $major ne '*';
  $rule .= qq(,"minor":$minor) if $minor ne '*';
  return "$rule}";
}

sub contents {
  my ($file) = @_;
  open my $in, '<', $file or return undef;
  local $/;
  return scalar <$in>;
}
