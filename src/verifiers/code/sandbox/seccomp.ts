// A filter of system calls for the children, as the classic BPF program the kernel takes (seccomp(2)), and the
// command that installs it: perl, which Linux systems carry, because Node has no call for it and nothing here
// is compiled. The filter names what is refused; everything a started interpreter needs stays allowed.
// execve must stay allowed, since the command itself goes on to Node by it, but no process can be made to use it.
//
// Only x86-64: the numbers of another architecture enter with a test that ran there.

const LD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const EPERM = 0x0005_0000 | 1;
const EACCES = 0x0005_0000 | 13;
const ENOSYS = 0x0005_0000 | 38;

const AUDIT_ARCH_X86_64 = 0xc000_003e;
const X32_BIT = 0x4000_0000;
const CLONE_THREAD = 0x1_0000;
/** O_WRONLY | O_RDWR | O_CREAT | O_TRUNC */
const OPEN_FOR_WRITING = 0o3 | 0o100 | 0o1000;

/** By what they would do; numbers from the kernel's syscall_64.tbl. */
const REFUSED: Readonly<Record<string, readonly number[]>> = {
  // fork vfork execveat ptrace process_vm_readv process_vm_writev
  processes: [57, 58, 322, 101, 310, 311],
  // kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal pidfd_open pidfd_getfd
  signals: [62, 200, 234, 129, 297, 424, 434, 438],
  // socket connect accept socketpair bind listen accept4
  network: [41, 42, 43, 53, 49, 50, 288],
  // creat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir link linkat symlink symlinkat
  names: [85, 87, 263, 82, 264, 316, 83, 258, 84, 86, 265, 88, 266],
  // chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat truncate utime utimes utimensat futimesat
  // mknod mknodat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
  attributes: [
    90, 91, 268, 452, 92, 93, 94, 260, 76, 132, 235, 280, 261, 133, 259, 188, 189, 190, 197, 198, 199,
  ],
  // mount umount2 pivot_root chroot setns unshare open_tree move_mount fsopen fsmount
  mounts: [165, 166, 155, 161, 308, 272, 428, 429, 430, 432],
  // bpf perf_event_open userfaultfd keyctl add_key request_key init_module finit_module delete_module
  // kexec_load reboot memfd_create sethostname settimeofday clock_settime
  kernel: [321, 298, 323, 250, 248, 249, 175, 313, 176, 246, 169, 319, 170, 164, 227],
};
/** openat2 (flags behind a pointer), clone3 (likewise; the C library falls back to clone), io_uring_setup */
const ABSENT = [437, 435, 425];

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** The filter's instructions. Offsets of struct seccomp_data: nr 0, arch 4, args[n] 16 + 8n. */
export function seccompProgram(): Instruction[] {
  const refuse = (number: number, action: number): Instruction[] => [
    [JUMP_EQUAL, 0, 1, number],
    [RETURN, 0, 0, action],
  ];
  const byFlag = (
    number: number,
    argument: number,
    mask: number,
    whenSet: number,
    whenNot: number,
  ): Instruction[] => [
    [JUMP_EQUAL, 0, 4, number],
    [LD_WORD, 0, 0, 16 + 8 * argument],
    [JUMP_ANY_BIT, 0, 1, mask],
    [RETURN, 0, 0, whenSet],
    [RETURN, 0, 0, whenNot],
  ];
  return [
    [LD_WORD, 0, 0, 4],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH_X86_64],
    [RETURN, 0, 0, KILL],
    [LD_WORD, 0, 0, 0],
    [JUMP_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, KILL],
    ...Object.values(REFUSED).flatMap((numbers) => numbers.flatMap((number) => refuse(number, EPERM))),
    ...ABSENT.flatMap((number) => refuse(number, ENOSYS)),
    ...byFlag(2, 1, OPEN_FOR_WRITING, EACCES, ALLOW), // open(path, flags)
    ...byFlag(257, 2, OPEN_FOR_WRITING, EACCES, ALLOW), // openat(directory, path, flags)
    ...byFlag(56, 0, CLONE_THREAD, ALLOW, EPERM), // clone(flags)
    [RETURN, 0, 0, ALLOW],
  ];
}

/** The program as the kernel reads it: struct sock_filter { u16 code; u8 jt, jf; u32 k }, little-endian. */
export function encodeProgram(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, ifTrue, ifFalse, operand], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand, index * 8 + 4);
  });
  return bytes;
}

// prctl(PR_SET_PDEATHSIG, SIGKILL): a child outlives no host. prctl(PR_SET_NO_NEW_PRIVS), then
// seccomp(SECCOMP_SET_MODE_FILTER, 0, struct sock_fprog *).
const PERL = [
  'my $f = pack("H*", shift);',
  'my $p = pack("S x6 P", length($f) / 8, $f);',
  'syscall(157, 1, 9, 0, 0, 0) == 0 or die "prctl: $!";',
  'syscall(157, 38, 1, 0, 0, 0) == 0 or die "prctl: $!";',
  'syscall(317, 1, 0, $p) == 0 or die "seccomp: $!";',
  'exec { $ARGV[0] } @ARGV or die "exec: $!";',
].join(' ');

/** Puts a command behind the filter. */
export function behindSeccomp(perl: string, command: readonly string[]): string[] {
  return [perl, '-e', PERL, encodeProgram(seccompProgram()).toString('hex'), ...command];
}
