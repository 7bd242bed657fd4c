#include "base/os/socket.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "base/os/file.hpp"

namespace euromesh::os {
namespace {

Code code_of(int error_number) {
    switch (error_number) {
        case EADDRINUSE:
            return Code::conflict;
        case EACCES:
        case EPERM:
            return Code::refused;
        case EADDRNOTAVAIL:
            return Code::not_found;
        default:
            return Code::unavailable;
    }
}

Error socket_error(int error_number, std::string_view doing, const std::string& where) {
    return Error{code_of(error_number), fmt::format("{} {}: {}", doing, where, std::strerror(error_number))};
}

Error transfer_error(int error_number) {
    const bool gone = error_number == ECONNRESET || error_number == EPIPE;
    return Error{Code::unavailable, gone ? "connection closed" : std::strerror(error_number)};
}

void set_number(int descriptor, int level, int option, int value) {
    ::setsockopt(descriptor, level, option, &value, sizeof value);
}

void set_pacing(int descriptor, std::uint64_t rate) {
    if (rate > 0) ::setsockopt(descriptor, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate);
}

// All of these are wishes: a kernel that lacks one still carries the connection.
void apply(int descriptor, const SocketOptions& options) {
    set_number(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set_number(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    const int limit = static_cast<int>(options.dead_host_limit.count());
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, std::max(1, limit / 3));
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, limit / 6));
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 4);
    set_number(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, limit * 1000);
    if (options.buffer_bytes > 0) {
        set_number(descriptor, SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.buffer_bytes));
        set_number(descriptor, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.buffer_bytes));
    }
    set_pacing(descriptor, options.pacing_bytes_per_s);
    if (!options.congestion.empty()) {
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, options.congestion.data(),
                     static_cast<socklen_t>(options.congestion.size()));
    }
}

bool is_loopback(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24 == 127;
    }
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// Where the kernel's automatic send buffer ends: the last of "4096 16384 4194304".
int automatic_send_buffer() {
    constexpr int usual = 4 << 20;
    const auto text = read_file("/proc/sys/net/ipv4/tcp_wmem", 100);
    if (!text) return usual;
    const std::size_t last = text->find_last_of(" \t");
    return last == std::string::npos ? usual : std::atoi(text->c_str() + last);
}

// What a socket gets that asks for so much (net.core.wmem_max).
int granted_send_buffer(int wanted) {
    const int scratch = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    int granted = 0;
    socklen_t size = sizeof granted;
    set_number(scratch, SOL_SOCKET, SO_SNDBUF, wanted);
    ::getsockopt(scratch, SOL_SOCKET, SO_SNDBUF, &granted, &size);
    ::close(scratch);
    return granted;
}

// Of the usual automatic 4 MiB some 3 MB can be under way: too little for 1 Gbit/s over 30 ms. Where more may
// be asked for, it is. What waits to be sent stays small whatever the size, so that a small message comes
// through soon.
void use_long_line(int descriptor) {
    constexpr int wanted = 16 << 20, unsent_most = 2 << 20;
    static const bool helps = granted_send_buffer(wanted) > automatic_send_buffer();
    if (helps) set_number(descriptor, SOL_SOCKET, SO_SNDBUF, wanted);
    set_number(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_most);
}

// Between processes of one machine nothing is congested; a paced algorithm (BBR) halves the speed there.
void apply_to_peer(int descriptor, const SocketOptions& options, const sockaddr* peer) {
    if (!is_loopback(peer) && options.buffer_bytes == 0) use_long_line(descriptor);
    if (!options.congestion.empty() || !is_loopback(peer)) return;
    constexpr std::string_view unpaced = "reno";
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, unpaced.data(), unpaced.size());
}

int open_socket(const Address& address) {
    return ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}

// The address of an interface, for a process that may not bind to the device itself.
int bind_to_address_of(int descriptor, const Address& peer, const std::string& interface) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return errno;
    int error = ENODEV;
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
        if (!one->ifa_addr || interface != one->ifa_name) continue;
        if (one->ifa_addr->sa_family != peer.bytes.ss_family) continue;
        error = ::bind(descriptor, one->ifa_addr, peer.size) == 0 ? 0 : errno;
        if (error == 0) break;
    }
    ::freeifaddrs(list);
    return error;
}

Status leave_by(int descriptor, const Address& peer, const std::string& interface) {
    if (interface.empty()) return {};
    int error = 0;
    if (::setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, interface.data(),
                     static_cast<socklen_t>(interface.size())) != 0) {
        error = errno == EPERM ? bind_to_address_of(descriptor, peer, interface) : errno;
    }
    if (error == 0) return {};
    return fail(Code::not_found, "interface '{}': {} (name one that `ip address` shows)",
                interface.substr(0, 40), std::strerror(error));
}

int listen_on(int descriptor, const Address& address) {
    set_number(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (::bind(descriptor, address.raw(), address.size) != 0) return errno;
    return ::listen(descriptor, 64) == 0 ? 0 : errno;
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Socket::~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Socket> Socket::listen(const Endpoint& endpoint, const SocketOptions& options) {
    EM_ASSIGN(const std::vector<Address> found, look_up(endpoint, Family::any, true));
    int error = 0;
    for (const Address& address : found) {
        Socket socket(open_socket(address));
        if (!socket.is_open()) {
            error = errno;
            continue;
        }
        apply(socket.descriptor_, options);
        error = listen_on(socket.descriptor_, address);
        if (error == 0) return socket;
    }
    return fail(socket_error(error, "listening on", endpoint.text()));
}

Result<Socket> Socket::connect(const Endpoint& endpoint, const SocketOptions& options) {
    EM_ASSIGN(const std::vector<Address> found, look_up(endpoint, Family::any));
    Result<Socket> last = fail(Code::not_found, "connecting to {}: no address", endpoint.text());
    for (const Address& address : found) {
        last = connect(address, options);
        if (last) return last;
    }
    return fail(last.error().code, "connecting to {}: {}", endpoint.text(), last.error().message);
}

Result<Socket> Socket::connect(const Address& address, const SocketOptions& options) {
    Socket socket(open_socket(address));
    if (!socket.is_open()) return fail(code_of(errno), "{}", std::strerror(errno));
    apply(socket.descriptor_, options);
    apply_to_peer(socket.descriptor_, options, address.raw());
    EM_TRY(leave_by(socket.descriptor_, address, options.interface));
    if (::connect(socket.descriptor_, address.raw(), address.size) == 0 || errno == EINPROGRESS)
        return socket;
    return fail(code_of(errno), "{}", std::strerror(errno));
}

Result<std::pair<Socket, Socket>> Socket::pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(Code::unavailable, "no pair of sockets: {}", std::strerror(errno));
    return std::pair(Socket(ends[0]), Socket(ends[1]));
}

Result<std::optional<Socket>> Socket::accept(const SocketOptions& options) {
    for (;;) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        auto* const address = reinterpret_cast<sockaddr*>(&peer);
        Socket socket(::accept4(descriptor_, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket.is_open()) {
            apply(socket.descriptor_, options);
            apply_to_peer(socket.descriptor_, options, address);
            return std::optional<Socket>(std::move(socket));
        }
        if (errno == EAGAIN) return std::optional<Socket>();
        // The rest of the transient ones belong to the connection that was lost while it waited.
        if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
        return fail(socket_error(errno, "accepting on port", std::to_string(local_port())));
    }
}

Status Socket::connect_status() const {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(Code::unavailable, "{}", std::strerror(error));
    return {};
}

Result<std::size_t> Socket::send(std::span<const iovec> pieces) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    for (;;) {
        const ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EAGAIN) return std::size_t{0};
        if (errno != EINTR) return fail(transfer_error(errno));
    }
}

namespace {
Result<std::size_t> receive_from(int descriptor, std::span<std::byte> room, int flags) {
    for (;;) {
        const ssize_t got = ::recv(descriptor, room.data(), room.size(), flags);
        if (got > 0) return static_cast<std::size_t>(got);
        if (got == 0) return fail(Code::unavailable, "connection closed");
        if (errno == EAGAIN) return std::size_t{0};
        if (errno != EINTR) return fail(transfer_error(errno));
    }
}

}  // namespace

Result<std::size_t> Socket::receive(std::span<std::byte> room) {
    return receive_from(descriptor_, room, 0);
}

Result<std::size_t> Socket::peek(std::span<std::byte> room) {
    return receive_from(descriptor_, room, MSG_PEEK);
}

void Socket::pace(std::uint64_t bytes_per_s) {
    set_pacing(descriptor_, bytes_per_s);
}

void Socket::shutdown_sending() {
    ::shutdown(descriptor_, SHUT_WR);
}

bool Socket::has_ended() const {
    char byte = 0;
    const ssize_t got = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

std::uint16_t Socket::local_port() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string Socket::peer_text() const {
    Address address;
    address.size = sizeof address.bytes;
    auto* const raw = reinterpret_cast<sockaddr*>(&address.bytes);
    if (::getpeername(descriptor_, raw, &address.size) != 0) return "a closed connection";
    return address.bytes.ss_family == AF_UNIX ? "this machine" : address.text();
}

std::string Socket::peer_host() const {
    const std::string text = peer_text();
    return text.substr(0, text.rfind(':'));
}

std::string Socket::local_host() const {
    Address address;
    address.size = sizeof address.bytes;
    auto* const raw = reinterpret_cast<sockaddr*>(&address.bytes);
    if (::getsockname(descriptor_, raw, &address.size) != 0 || address.bytes.ss_family == AF_UNIX) return {};
    const std::string text = address.text();
    return text.substr(0, text.rfind(':'));
}

Waker::Waker() {
    auto made = Socket::pair();
    EM_ASSERT(made.has_value(), "the process may open two more files");
    waits_ = std::move(made->first);
    wakes_ = std::move(made->second);
}

// A full buffer is as good as one more byte.
void Waker::wake() {
    const char byte = 0;
    [[maybe_unused]] const ssize_t sent = ::send(wakes_.descriptor(), &byte, 1, MSG_NOSIGNAL);
}

void Waker::clear() {
    char bytes[64];
    while (::recv(waits_.descriptor(), bytes, sizeof bytes, 0) > 0) {
    }
}

void wait_ready(std::span<WaitItem> items, Nanoseconds timeout) {
    std::vector<pollfd> polled;
    polled.reserve(items.size());
    for (const WaitItem& item : items) {
        const int events = (item.want_read ? POLLIN : 0) | (item.want_write ? POLLOUT : 0);
        polled.push_back({events != 0 ? item.socket->descriptor() : -1, static_cast<short>(events), 0});
    }
    const Nanoseconds wait = std::max(timeout, Nanoseconds(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec limit{seconds.count(), (wait - seconds).count()};
    const int ready = ::ppoll(polled.data(), polled.size(), &limit, nullptr);
    for (std::size_t i = 0; i < items.size(); ++i) {
        const int got = ready > 0 ? polled[i].revents : 0;
        items[i].readable = (got & (POLLIN | POLLHUP | POLLERR)) != 0;
        items[i].writable = (got & (POLLOUT | POLLHUP | POLLERR)) != 0;
    }
}

}  // namespace euromesh::os
