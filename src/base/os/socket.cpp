#include "base/os/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

namespace euromesh::os {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

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

Result<Addresses> look_up(const Endpoint& endpoint, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(endpoint.port);
    const char* host = endpoint.host.empty() ? nullptr : endpoint.host.c_str();
    if (const int error = ::getaddrinfo(host, port.c_str(), &hints, &found); error != 0) {
        return fail(Code::not_found, "looking up {}: {} (name a host and port that can be reached)",
                    endpoint.text(), ::gai_strerror(error));
    }
    return Addresses(found, &::freeaddrinfo);
}

void set_number(int descriptor, int level, int option, int value) {
    ::setsockopt(descriptor, level, option, &value, sizeof value);
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

// Between processes of one machine nothing is congested; a paced algorithm (BBR) halves the speed there.
void apply_to_peer(int descriptor, const SocketOptions& options, const sockaddr* peer) {
    if (!options.congestion.empty() || !is_loopback(peer)) return;
    constexpr std::string_view unpaced = "reno";
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, unpaced.data(), unpaced.size());
}

int open_socket(const addrinfo& address) {
    return ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
}

int listen_on(int descriptor, const addrinfo& address) {
    set_number(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (::bind(descriptor, address.ai_addr, address.ai_addrlen) != 0) return errno;
    return ::listen(descriptor, 64) == 0 ? 0 : errno;
}

std::string numeric_text(const sockaddr_storage& address, socklen_t size) {
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    const int error = ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host,
                                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    if (error != 0) return "unknown address";
    return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port)
                                         : fmt::format("{}:{}", host, port);
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) {
        return fail(Code::bad_input, "endpoint '{}': the port must be a number from 0 to 65535", whole);
    }
    return port;
}

}  // namespace

std::string Endpoint::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    const std::string_view shown = text.substr(0, 100);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return fail(Code::bad_input, "endpoint '{}': write host:port or [IPv6]:port", shown);
    }
    std::string_view host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return fail(Code::bad_input, "endpoint '{}': write an IPv6 address in brackets, [::1]:port", shown);
    }
    if (host.empty()) return fail(Code::bad_input, "endpoint '{}': the host is missing", shown);
    EM_ASSIGN(const std::uint16_t port, parse_port(text.substr(colon + 1), shown));
    return Endpoint{std::string(host), port};
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Socket::~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Socket> Socket::listen(const Endpoint& endpoint, const SocketOptions& options) {
    EM_ASSIGN(const Addresses found, look_up(endpoint, AI_PASSIVE));
    int error = 0;
    for (const addrinfo* address = found.get(); address != nullptr; address = address->ai_next) {
        Socket socket(open_socket(*address));
        if (!socket.is_open()) {
            error = errno;
            continue;
        }
        apply(socket.descriptor_, options);
        error = listen_on(socket.descriptor_, *address);
        if (error == 0) return socket;
    }
    return fail(socket_error(error, "listening on", endpoint.text()));
}

Result<Socket> Socket::connect(const Endpoint& endpoint, const SocketOptions& options) {
    EM_ASSIGN(const Addresses found, look_up(endpoint, 0));
    int error = 0;
    for (const addrinfo* address = found.get(); address != nullptr; address = address->ai_next) {
        Socket socket(open_socket(*address));
        if (!socket.is_open()) {
            error = errno;
            continue;
        }
        apply(socket.descriptor_, options);
        apply_to_peer(socket.descriptor_, options, address->ai_addr);
        if (::connect(socket.descriptor_, address->ai_addr, address->ai_addrlen) == 0) return socket;
        error = errno;
        if (error == EINPROGRESS) return socket;
    }
    return fail(socket_error(error, "connecting to", endpoint.text()));
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

Result<std::size_t> Socket::receive(std::span<std::byte> room) {
    for (;;) {
        const ssize_t got = ::recv(descriptor_, room.data(), room.size(), 0);
        if (got > 0) return static_cast<std::size_t>(got);
        if (got == 0) return fail(Code::unavailable, "connection closed");
        if (errno == EAGAIN) return std::size_t{0};
        if (errno != EINTR) return fail(transfer_error(errno));
    }
}

void Socket::shutdown_sending() {
    ::shutdown(descriptor_, SHUT_WR);
}

std::uint16_t Socket::local_port() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string Socket::peer_text() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return "a closed connection";
    return numeric_text(address, size);
}

void wait_ready(std::span<WaitItem> items, Nanoseconds timeout) {
    std::vector<pollfd> polled;
    polled.reserve(items.size());
    for (const WaitItem& item : items) {
        const int events = (item.want_read ? POLLIN : 0) | (item.want_write ? POLLOUT : 0);
        polled.push_back({item.socket->descriptor(), static_cast<short>(events), 0});
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
