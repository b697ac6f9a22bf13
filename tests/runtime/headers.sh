# proves: L-CPP-01 L-CPP-02 L-CPP-04
# Sizes, offsets and constants of the system's headers, as hark's reader and as the C compiler see them.
# needs: cc
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

# Two scripts: the headers of the C library, and those of the kernel that do not go with them.
script() { [[ $1 == linux/* || $1 == asm/* ]] && echo kernel || echo library; }
for name in kernel library; do
    printf '#define _GNU_SOURCE\n#include <stddef.h>\n#include <stdio.h>\n' >$name.c
done
while read -r header values; do
    name=$(script "$header")
    printf '#include <%s>\n' "$header" | tee -a $name.bt.head >>$name.c
    IFS=';' read -ra list <<<"$values"
    for value in "${list[@]}"; do
        printf '    print(("%s", "%s", (int64)(%s)));\n' "$header" "$value" "$value" >>$name.body
        printf '    printf("(%s, %s, %%lld)\\n", (long long)(%s));\n' "$header" "$value" "$value" >>$name.main
    done
done <<'END'
stdio.h EOF;SEEK_END;BUFSIZ
stdlib.h EXIT_FAILURE;RAND_MAX;sizeof(div_t)
stdint.h UINT8_MAX;INT32_MAX;sizeof(uint_least16_t)
limits.h PATH_MAX;NAME_MAX
errno.h ENOENT;EAGAIN;EWOULDBLOCK;ENOTSUP
signal.h SIGKILL;SIGSEGV;SIG_BLOCK;sizeof(siginfo_t);sizeof(struct sigaction);sizeof(sigset_t)
fcntl.h O_CREAT;O_RDONLY | O_CLOEXEC;AT_FDCWD;sizeof(struct flock);offsetof(struct flock, l_pid)
time.h CLOCK_MONOTONIC;sizeof(struct timespec);offsetof(struct tm, tm_year)
unistd.h STDERR_FILENO;R_OK;SEEK_SET
sys/types.h sizeof(pid_t);sizeof(off_t);sizeof(dev_t)
sys/stat.h S_IFMT;S_IFDIR;S_IRWXU;sizeof(struct stat);offsetof(struct stat, st_size)
sys/socket.h AF_INET6;SOCK_STREAM;SOL_SOCKET;SO_REUSEADDR;MSG_PEEK;sizeof(struct msghdr);offsetof(struct msghdr, msg_control)
sys/un.h sizeof(struct sockaddr_un);offsetof(struct sockaddr_un, sun_path)
sys/mman.h PROT_EXEC;MAP_ANONYMOUS;MADV_DONTNEED
sys/epoll.h EPOLLIN;EPOLL_CTL_ADD;sizeof(struct epoll_event);offsetof(struct epoll_event, data)
sys/uio.h sizeof(struct iovec);offsetof(struct iovec, iov_len)
sys/time.h sizeof(struct timeval);ITIMER_REAL
sys/resource.h RLIMIT_NOFILE;sizeof(struct rusage)
sys/wait.h WNOHANG;P_PID
netinet/in.h IPPROTO_TCP;INADDR_LOOPBACK;sizeof(struct sockaddr_in6);offsetof(struct sockaddr_in, sin_addr)
netinet/tcp.h TCP_ESTABLISHED;TCP_NODELAY;sizeof(struct tcphdr)
netinet/ip.h sizeof(struct iphdr);IPTOS_LOWDELAY;offsetof(struct iphdr, saddr)
netinet/udp.h sizeof(struct udphdr)
net/if.h IFNAMSIZ;IFF_UP;sizeof(struct ifreq)
poll.h POLLIN;POLLHUP;sizeof(struct pollfd)
dirent.h DT_DIR;sizeof(struct dirent);offsetof(struct dirent, d_name)
pthread.h PTHREAD_MUTEX_RECURSIVE;sizeof(pthread_mutex_t);sizeof(pthread_t)
elf.h ET_DYN;PT_LOAD;sizeof(Elf64_Ehdr);offsetof(Elf64_Phdr, p_filesz);SHT_SYMTAB
linux/types.h sizeof(__u64);sizeof(__be16)
linux/fs.h BLKGETSIZE64;RENAME_EXCHANGE;sizeof(struct fstrim_range);SEEK_HOLE;FS_IMMUTABLE_FL
linux/sched.h CLONE_NEWNS;CLONE_THREAD;SCHED_FIFO;sizeof(struct clone_args)
linux/in.h IPPROTO_UDP;sizeof(struct sockaddr_in);INADDR_ANY
linux/in6.h sizeof(struct sockaddr_in6);sizeof(struct in6_addr)
linux/ip.h sizeof(struct iphdr);offsetof(struct iphdr, daddr);IPTOS_THROUGHPUT
linux/ipv6.h sizeof(struct ipv6hdr)
linux/tcp.h sizeof(struct tcphdr);offsetof(struct tcphdr, window);TCP_NODELAY;sizeof(struct tcp_info)
linux/udp.h sizeof(struct udphdr)
linux/icmp.h ICMP_ECHO;sizeof(struct icmphdr)
linux/if_ether.h ETH_P_IP;ETH_ALEN;sizeof(struct ethhdr)
linux/if_arp.h ARPHRD_ETHER
linux/if_packet.h PACKET_HOST;sizeof(struct sockaddr_ll)
linux/socket.h sizeof(struct __kernel_sockaddr_storage)
linux/stat.h STATX_SIZE;sizeof(struct statx);offsetof(struct statx, stx_mtime)
linux/bpf.h BPF_MAP_TYPE_HASH;BPF_PROG_TYPE_KPROBE;sizeof(struct bpf_insn);sizeof(union bpf_attr);BPF_F_CURRENT_CPU
linux/perf_event.h PERF_TYPE_SOFTWARE;PERF_COUNT_SW_PAGE_FAULTS;sizeof(struct perf_event_attr);offsetof(struct perf_event_attr, config1)
linux/netlink.h NETLINK_ROUTE;sizeof(struct nlmsghdr)
linux/rtnetlink.h RTM_NEWLINK;sizeof(struct ifinfomsg)
linux/futex.h FUTEX_WAIT;FUTEX_PRIVATE_FLAG
linux/capability.h CAP_SYS_ADMIN;CAP_BPF
linux/prctl.h PR_SET_NAME;PR_SET_NO_NEW_PRIVS
linux/seccomp.h SECCOMP_RET_KILL;sizeof(struct seccomp_data)
linux/io_uring.h IORING_OP_READV;sizeof(struct io_uring_sqe);offsetof(struct io_uring_sqe, user_data)
linux/openat2.h sizeof(struct open_how);RESOLVE_BENEATH
linux/nvme_ioctl.h sizeof(struct nvme_passthru_cmd)
linux/virtio_net.h VIRTIO_NET_F_CSUM;sizeof(struct virtio_net_hdr)
linux/utsname.h sizeof(struct new_utsname)
linux/input.h KEY_ENTER;EV_KEY;sizeof(struct input_event)
asm/ptrace.h sizeof(struct pt_regs);offsetof(struct pt_regs, rsp)
asm/unistd.h __NR_openat;__NR_bpf
END
for name in kernel library; do
    { cat $name.bt.head; echo 'BEGIN {'; cat $name.body; echo '}'; } >$name.bt
    { echo 'int main(void) {'; cat $name.main; echo 'return 0; }'; } >>$name.c
    cc -w -o $name $name.c && ./$name >$name.want || exit 1
    "$1" -q $name.bt >$name.all || failed=1
    grep . $name.all >$name.out
    diff $name.want $name.out || failed=1
done
exit $failed
