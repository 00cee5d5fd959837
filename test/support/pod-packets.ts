import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What a program in a pod could send that has NET_RAW, which is one of an engine's default capabilities. */
export interface PodNamespace {
  /** The worker's container. */
  worker: string
  podUid: string
}

/** Runs a worker's Perl in the network of one of its pods. @throws Error with its stderr */
const perlInPod = (pod: PodNamespace, program: string, ...args: string[]): Promise<string> =>
  new Promise((resolve, reject) =>
    execFile('docker', commandIn(pod, program, args), (error, out, stderr) => {
      if (error) reject(new Error(stderr || error.message))
      else resolve(out)
    }),
  )

const commandIn = ({ worker, podUid }: PodNamespace, program: string, args: readonly string[]): string[] => {
  const pid = `$(grep -ls ${podUid} /proc/[0-9]*/cgroup | head -1 | cut -d/ -f3)`
  return ['exec', worker, 'sh', '-c', `exec nsenter -t ${pid} -n perl -e "$0" "$@"`, program, ...args]
}

const addressOf = String.raw`
use Socket qw(:all);
sub family { $_[0] =~ /:/ ? AF_INET6 : AF_INET }
sub address { family($_[1]) == AF_INET6 ? pack_sockaddr_in6($_[0], inet_pton(AF_INET6, $_[1])) : pack_sockaddr_in($_[0], inet_aton($_[1])) }
sub host { (sockaddr_family($_[0]) == AF_INET6) ? inet_ntop(AF_INET6, (unpack_sockaddr_in6($_[0]))[1]) : inet_ntoa((unpack_sockaddr_in($_[0]))[1]) }
$| = 1;
`
/** Binds to any address (IP_TRANSPARENT, IPV6_TRANSPARENT: with NET_RAW), a datagram from each. */
const send = `${addressOf}
my ($to, @from) = @ARGV;
for my $from (@from) {
  my @transparent = family($to) == AF_INET6 ? (41, 75) : (0, 19);
  my $socket;
  socket($socket, family($to), SOCK_DGRAM, 0) && setsockopt($socket, $transparent[0], $transparent[1], 1)
    && bind($socket, address(0, $from)) && send($socket, 'x', 0, address(9999, $to)) or die "$from: $!";
}
`
const receive = `${addressOf}
my ($own, $last) = @ARGV;
my $socket;
socket($socket, family($own), SOCK_DGRAM, 0) && bind($socket, address(9999, $own)) or die $!;
print "listening\\n";
while (my $from = recv($socket, my $text, 9, 0)) { print host($from), "\\n"; last if host($from) eq $last }
`

/** Sends datagrams from each of these addresses, then from the sender's own. @returns the sources of those that arrived */
export function arrivedFrom({
  sender,
  receiver,
  forged,
}: {
  sender: PodNamespace & { ip: string }
  receiver: PodNamespace & { ip: string }
  forged: readonly string[]
}): Promise<string[]> {
  return arrived(receiver, [receive, receiver.ip, sender.ip], () =>
    perlInPod(sender, send, receiver.ip, ...forged, sender.ip),
  )
}

/** What a program that listens in a pod prints after its first line, for which sending waits. */
async function arrived(
  receiver: PodNamespace,
  [program, ...args]: [string, ...string[]],
  transmit: () => Promise<unknown>,
): Promise<string[]> {
  const child = spawn('docker', commandIn(receiver, program, args))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const out: string[] = []
  try {
    await lines.next()
    await transmit()
    for (;;) {
      const { value, done } = await lines.next()
      if (done) return out
      out.push(value)
    }
  } finally {
    child.kill()
  }
}

/** An INIT of SCTP, which needs no sockets of SCTP on either side: not every kernel has them. */
const sendSctp = `${addressOf}
my ($to, @ports) = @ARGV;
socket(my $socket, AF_INET, SOCK_RAW, 132) or die $!;
for my $port (@ports) {
  my $init = pack('n n N N C C n N N n n N', 7, $port, 0, 0, 1, 0, 20, 1, 65536, 1, 1, 1);
  send($socket, $init, 0, address(0, $to)) or die $!;
}
`
const receiveSctp = `${addressOf}
my ($from, $last) = @ARGV;
socket(my $socket, AF_INET, SOCK_RAW, 132) or die $!;
print "listening\\n";
while (my $source = recv($socket, my $packet, 99, 0)) {
  next if host($source) ne $from;
  my $port = unpack('x20 x2 n', $packet);
  print "$port\\n";
  last if $port == $last;
}
`

/** Sends a packet of SCTP to each of these ports. @returns those that arrived, up to the last one, which must */
export const sctpArrived = (
  sender: PodNamespace & { ip: string },
  receiver: PodNamespace & { ip: string },
  ports: readonly number[],
): Promise<string[]> =>
  arrived(receiver, [receiveSctp, sender.ip, String(ports.at(-1))], () =>
    perlInPod(sender, sendSctp, receiver.ip, ...ports.map(String)),
  )

const onLink = String.raw`
use Socket qw(:all);
socket(my $socket, 17, SOCK_RAW, 0) or die $!;
sub ask { my $request = pack('a16 x24', 'eth0'); ioctl($socket, $_[0], $request) or die $!; $request }
my $index = unpack('x16 i', ask(0x8933));
my $mac = unpack('x18 a6', ask(0x8927));
sub frame {
  my ($to, $type, $body) = @_;
  send($socket, $to . $mac . pack('n', $type) . $body, 0, pack('S n i S C C a8', 17, $type, $index, 1, 0, 6, $to)) or die $!;
}
`
/** Says to the worker that it is a router of IPv6 by which everything is reached. */
export const advertiseRouter = (pod: PodNamespace): Promise<string> =>
  perlInPod(
    pod,
    `${onLink}
my ($from, $to) = map { inet_pton(AF_INET6, $_) } 'fe80::bad', 'ff02::1';
sub advert { pack('C C n C C n N N C C a6', 134, 0, $_[0], 64, 0, 1800, 0, 0, 1, 1, $mac) }
my $sum = unpack('%32n*', $from . $to . pack('N N', length advert(0), 58) . advert(0));
$sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
my $advert = advert(~$sum & 0xffff);
frame(pack('H*', '333300000001'), 0x86dd, pack('N n C C', 0x60000000, length $advert, 58, 255) . $from . $to . $advert);
`,
  )

/** Says to the worker that these addresses of IPv4 are the pod's. */
export const announce = (pod: PodNamespace, ...ips: string[]): Promise<string> =>
  perlInPod(
    pod,
    `${onLink}
for my $ip (map { inet_aton($_) } @ARGV) {
  for my $operation (1, 2) { frame("\\xff" x 6, 0x806, pack('n n C C n a6 a4 a6 a4', 1, 0x800, 6, 4, $operation, $mac, $ip, "\\xff" x 6, $ip)) }
}
`,
    ...ips,
  )
