#include "bench/coordinator/streams.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cstring>

#include "base/os/socket.hpp"

namespace euromesh::bench {
namespace {

struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
    void operator()(SSL* session) const { SSL_free(session); }
};

}  // namespace

struct StreamCrowd::Client {
    os::Socket socket;
    std::unique_ptr<SSL, FreeSession> session;
    std::string path;
    bool is_connected = false, has_asked = false, is_open = false, is_over = false;
    std::string line;
    std::int64_t last = -1;
    std::uint64_t events = 0;
};

StreamCrowd::StreamCrowd(StreamTarget target, std::vector<std::string> paths, const Clock& clock)
    : target_(std::move(target)), clock_(clock) {
    for (std::string& path : paths) {
        clients_.push_back(std::make_unique<Client>());
        clients_.back()->path = std::move(path);
    }
    thread_ = os::Thread([this](const std::stop_token& stop) { run(stop); });
}

StreamCrowd::~StreamCrowd() {
    finish();
}

void StreamCrowd::finish() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

std::vector<std::uint64_t> StreamCrowd::events_of_each() const {
    std::vector<std::uint64_t> all;
    for (const auto& client : clients_) all.push_back(client->events);
    return all;
}

namespace {

// Bytes; 0: would block; -1: over.
int read_some(os::Socket& socket, SSL* session, std::span<char> room) {
    if (session == nullptr) {
        const auto got = socket.receive(std::as_writable_bytes(room));
        if (!got) return -1;
        return static_cast<int>(*got);
    }
    // What went wrong with another session must not be taken for this one's.
    ERR_clear_error();
    const int got = SSL_read(session, room.data(), static_cast<int>(room.size()));
    if (got > 0) return got;
    const int error = SSL_get_error(session, got);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool write_all(os::Socket& socket, SSL* session, const std::string& text) {
    ERR_clear_error();
    if (session != nullptr) return SSL_write(session, text.data(), static_cast<int>(text.size())) > 0;
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    const auto sent = socket.send({&piece, 1});
    return sent && *sent == text.size();
}

// Reads no further than needed: only the beginning of a line matters.
constexpr std::size_t line_most = 64;

}  // namespace

// True: it may go on to read.
bool StreamCrowd::ask(Client& client) {
    if (!client.is_connected && !client.socket.connect_status()) return client.is_over = true, false;
    client.is_connected = true;
    if (client.has_asked) return true;
    ERR_clear_error();
    if (client.session && SSL_connect(client.session.get()) != 1) {
        const int error = SSL_get_error(client.session.get(), -1);
        client.is_over = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
        return false;
    }
    client.has_asked =
        write_all(client.socket, client.session.get(),
                  fmt::format("GET {} HTTP/1.1\r\nHost: {}:{}\r\nAuthorization: Bearer {}\r\n\r\n",
                              client.path, target_.host, target_.port, target_.token));
    client.is_over = !client.has_asked;
    return client.has_asked;
}

void StreamCrowd::take_line(Client& client) {
    if (client.line.starts_with("HTTP/1.1 200") && !client.is_open) client.is_open = true, ++open_;
    if (client.line.starts_with("id: ")) {
        const std::int64_t id = std::strtoll(client.line.c_str() + 4, nullptr, 10);
        if (id <= client.last) ++out_of_order_;
        client.last = id;
        ++client.events, ++events_;
    }
    client.line.clear();
}

void StreamCrowd::advance(Client& client) {
    if (!ask(client)) return;
    std::array<char, 64 << 10> room;
    for (;;) {
        const int got = read_some(client.socket, client.session.get(), room);
        if (got < 0) client.is_over = true;
        if (got <= 0) return;
        bytes_ += static_cast<std::uint64_t>(got);
        std::string_view text(room.data(), static_cast<std::size_t>(got));
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            if (client.line.size() < line_most) client.line.append(text.substr(0, std::min(end, line_most)));
            if (end == text.size()) break;
            text.remove_prefix(end + 1);
            take_line(client);
        }
    }
}

void StreamCrowd::connect(Client& client, SSL_CTX* context) {
    auto socket = os::Socket::connect({target_.host, target_.port}, {});
    if (!socket) {
        client.is_over = true, ++lost_;
        return;
    }
    client.socket = std::move(*socket);
    if (!target_.tls) return;
    client.session.reset(SSL_new(context));
    SSL_set_fd(client.session.get(), client.socket.descriptor());
}

void StreamCrowd::run(const std::stop_token& stop) {
    const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
    std::vector<os::WaitItem> items;
    std::vector<Client*> waiting;
    std::size_t started = 0;
    while (!stop.stop_requested()) {
        // A few at a time: a handshake costs both sides a millisecond.
        for (int i = 0; i < 20 && started < clients_.size(); ++i)
            connect(*clients_[started++], context.get());
        items.clear(), waiting.clear();
        for (std::size_t i = 0; i < started; ++i) {
            Client& client = *clients_[i];
            if (client.is_over) continue;
            items.push_back({&client.socket, client.is_connected, !client.is_connected});
            waiting.push_back(&client);
        }
        os::wait_ready(items, std::chrono::milliseconds(started < clients_.size() ? 1 : 50));
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (!items[i].readable && !items[i].writable) continue;
            advance(*waiting[i]);
            if (waiting[i]->is_over) ++lost_;
        }
    }
}

}  // namespace euromesh::bench
