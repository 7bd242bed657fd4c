#include "base/os/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace euromesh::os {
namespace {

using Found = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

constexpr std::size_t addresses_most = 32;

int family_number(Family family) {
    if (family == Family::any) return AF_UNSPEC;
    return family == Family::ipv4 ? AF_INET : AF_INET6;
}

std::string_view family_text(Family family) {
    if (family == Family::any) return "";
    return family == Family::ipv4 ? ", IPv4 only" : ", IPv6 only";
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) {
        return fail(Code::bad_input, "endpoint '{}': the port must be a number from 0 to 65535", whole);
    }
    return port;
}

Result<std::vector<Address>> ask(const Endpoint& endpoint, Family family, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = family_number(family);
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const std::string port = std::to_string(endpoint.port);
    const char* host = endpoint.host.empty() ? nullptr : endpoint.host.c_str();
    if (const int error = ::getaddrinfo(host, port.c_str(), &hints, &list); error != 0) {
        return fail(error == EAI_AGAIN ? Code::unavailable : Code::not_found,
                    "looking up {}{}: {} (name a host and port that can be reached)", endpoint.text(),
                    family_text(family), ::gai_strerror(error));
    }
    const Found found(list, &::freeaddrinfo);
    std::vector<Address> addresses;
    for (const addrinfo* one = list; one && addresses.size() < addresses_most; one = one->ai_next) {
        Address& address = addresses.emplace_back();
        std::memcpy(&address.bytes, one->ai_addr, one->ai_addrlen);
        address.size = one->ai_addrlen;
    }
    return addresses;
}

// Shared with a thread that may outlive the one who asked.
struct Question {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<Result<std::vector<Address>>> answer;
};

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

std::string Address::text() const {
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    const int error =
        ::getnameinfo(raw(), size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    if (error != 0) return "unknown address";
    return family() == Family::ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string address_bytes(const std::string& host) {
    char bytes[16];
    if (::inet_pton(AF_INET, host.c_str(), bytes) == 1) return {bytes, 4};
    if (::inet_pton(AF_INET6, host.c_str(), bytes) == 1) return {bytes, 16};
    return "";
}

Result<std::vector<Address>> look_up(const Endpoint& endpoint, Family family, bool to_listen) {
    return ask(endpoint, family, to_listen ? AI_PASSIVE : 0);
}

Result<std::vector<Address>> resolve(const Endpoint& endpoint, Family family, const std::stop_token& stop) {
    // An address needs no resolver, so no thread.
    if (auto numeric = ask(endpoint, family, AI_NUMERICHOST)) return numeric;
    const auto question = std::make_shared<Question>();
    std::thread([question, endpoint, family] {
        auto answer = look_up(endpoint, family);
        const std::lock_guard lock(question->mutex);
        question->answer = std::move(answer);
        question->answered.notify_all();
    }).detach();
    std::unique_lock lock(question->mutex);
    while (!question->answer) {
        if (stop.stop_requested()) return fail(Code::cancelled, "looking up {}: stopped", endpoint.text());
        question->answered.wait_for(lock, std::chrono::milliseconds(20));
    }
    return *question->answer;
}

}  // namespace euromesh::os
