# forward.pl PORT=HOST:PORT ...: takes connections at each port and carries their bytes to the other, both ways. The end of
# one direction is passed on while the other goes on, as protocols without lengths need it.
use strict;
use warnings;
use IO::Socket::IP;
use Socket qw(SHUT_WR SOMAXCONN);

$SIG{CHLD} = 'IGNORE';
$| = 1;

my @listeners;
for my $rule (@ARGV) {
  my ($port, $host, $target) = $rule =~ /^(\d+)=(.+):(\d+)$/ or die "not PORT=HOST:PORT: $rule\n";
  my $socket = IO::Socket::IP->new(LocalPort => $port, LocalAddr => '0.0.0.0', Listen => SOMAXCONN, ReuseAddr => 1)
    or die "port $port: $@\n";
  print "port $port leads to $host:$target\n";
  push @listeners, [$socket, $host, $target];
}

# A process for each port but the last, which this one has; each connection has two more.
my $last = pop @listeners or die "no port is given\n";
for my $listener (@listeners) { serve(@$listener) unless fork }
$SIG{TERM} = sub { kill 'TERM', 0 if getpgrp == $$; exit 0 };
serve(@$last);

sub serve {
  my ($listener, $host, $port) = @_;
  while (1) {
    my $client = $listener->accept or next;
    my $child = fork;
    if (defined $child && $child == 0) {
      $SIG{TERM} = 'DEFAULT';
      close $listener;
      carry($client, $host, $port);
      exit 0;
    }
    close $client;
  }
}

sub carry {
  my ($client, $host, $port) = @_;
  my $target = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Timeout => 10);
  if (!$target) {
    print "$host:$port: $@\n";
    return;
  }
  # As a process of its own, the other direction ends by itself.
  my $back = fork;
  if (defined $back && $back == 0) {
    copy($target, $client);
    exit 0;
  }
  copy($client, $target);
}

sub copy {
  my ($from, $to) = @_;
  local $SIG{PIPE} = 'IGNORE';
  while (my $length = sysread $from, my $bytes, 65536) {
    for (my $at = 0; $at < $length;) {
      my $written = syswrite $to, $bytes, $length - $at, $at;
      if (!defined $written) { shutdown $from, 2; return }
      $at += $written;
    }
  }
  shutdown $to, SHUT_WR;
}
