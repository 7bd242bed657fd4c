#include "federation/identity/redirect_listener.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace euromesh::federation {
namespace {

constexpr std::size_t request_max_bytes = 16u << 10;
constexpr Nanoseconds look_again = std::chrono::milliseconds(200);
constexpr Nanoseconds visitor_patience = std::chrono::seconds(5);
constexpr std::string_view own_path = "/back?";

std::string answer(std::string_view status, std::string_view text) {
    return fmt::format(
        "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n{}",
        status, text.size(), text);
}

bool is_readable(const os::Socket& socket, Nanoseconds patience) {
    os::WaitItem item{&socket, true, false};
    os::wait_ready({&item, 1}, patience);
    return item.readable;
}

// The first line is all that matters, but a browser wants to say everything.
std::string read_request(os::Socket& socket, const Clock& clock) {
    const Nanoseconds until = clock.monotonic() + visitor_patience;
    std::string request;
    std::byte room[2048];
    while (request.size() < request_max_bytes && request.find("\r\n\r\n") == request.npos) {
        const Nanoseconds left = until - clock.monotonic();
        if (left <= Nanoseconds(0) || !is_readable(socket, left)) return {};
        const auto got = socket.receive(room);
        if (!got) return {};
        request.append(reinterpret_cast<const char*>(room), *got);
    }
    return request;
}

std::optional<std::string> query_of(std::string_view request) {
    const std::string_view line = request.substr(0, request.find("\r\n"));
    const std::string start = "GET " + std::string(own_path);
    const std::size_t end = line.rfind(" HTTP/1.");
    if (!line.starts_with(start) || end == line.npos || end < start.size()) return std::nullopt;
    return std::string(line.substr(start.size(), end - start.size()));
}

void send_text(os::Socket& socket, const std::string& text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    [[maybe_unused]] const auto sent = socket.send({&piece, 1});  // the person may have closed the page
    socket.shutdown_sending();
}

}  // namespace

Result<RedirectListener> RedirectListener::open() {
    EM_ASSIGN(os::Socket listener, os::Socket::listen({"127.0.0.1", 0}, {}));
    return RedirectListener(std::move(listener));
}

std::string RedirectListener::url() const {
    return fmt::format("http://127.0.0.1:{}/back", listener_.local_port());
}

Result<std::string> RedirectListener::wait(const Clock& clock, Nanoseconds patience,
                                           const std::stop_token& stop) {
    const Nanoseconds until = clock.monotonic() + patience;
    while (clock.monotonic() < until) {
        if (stop.stop_requested()) return fail(Code::cancelled, "login: stopped");
        if (!is_readable(listener_, std::min(look_again, until - clock.monotonic()))) continue;
        EM_ASSIGN(std::optional<os::Socket> visitor, listener_.accept({}));
        if (!visitor) continue;
        const auto query = query_of(read_request(*visitor, clock));
        send_text(*visitor, query ? answer("200 OK", "You can close this page and go back to the terminal.\n")
                                  : answer("404 Not Found", "There is no such page.\n"));
        if (query) return *query;
    }
    return fail(Code::refused, "login: nobody has logged in within {} s; start again",
                std::chrono::duration_cast<std::chrono::seconds>(patience).count());
}

}  // namespace euromesh::federation
