// Small real proxies on loopback, SOCKS5 and HTTP CONNECT, each in a thread: for tests of whoever goes
// through them. They look names up themselves (all names are this machine), one greeting at a time.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <list>

#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"
#include "sync/exchange/proxy.hpp"
#include "sync/exchange/stream_pair.hpp"

namespace euromesh::sync {

class ProxyForTest {
  public:
    enum class Kind { socks5, http };

    explicit ProxyForTest(Kind kind, std::string user = "", std::string password = "")
        : kind_(kind),
          user_(std::move(user)),
          password_(std::move(password)),
          listener_(os::Socket::listen({"127.0.0.1", 0}, {}).value()),
          thread_([this](const std::stop_token& stop) { serve(stop); }) {}

    os::Endpoint endpoint() const { return {"127.0.0.1", listener_.local_port()}; }
    int served() const { return served_; }
    int refused() const { return refused_; }

  private:
    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::vector<os::WaitItem> items{{&listener_, true, false, false, false}};
            for (const StreamPair& pair : pairs_)
                for (const os::WaitItem& item : pair.waits()) items.push_back(item);
            os::wait_ready(items, std::chrono::milliseconds(20));
            std::size_t at = 1;
            for (auto pair = pairs_.begin(); pair != pairs_.end(); at += 2)
                pair = pair->step(items[at], items[at + 1]) ? std::next(pair) : pairs_.erase(pair);
            if (items[0].readable) take_one(stop);
        }
    }

    void take_one(const std::stop_token& stop) {
        auto accepted = listener_.accept({});
        if (!accepted || !*accepted) return;
        os::Socket client = std::move(**accepted);
        Dialogue dialogue(client, clock_, std::chrono::seconds(5), stop, "client");
        auto target = kind_ == Kind::socks5 ? socks(dialogue) : http(dialogue);
        if (!target) {
            ++refused_;
            return;
        }
        ++served_;
        pairs_.emplace_back(std::move(client), std::move(*target));
    }

    Result<os::Socket> reach(const os::Endpoint& endpoint, const std::stop_token& stop) {
        auto socket = os::Socket::connect({"127.0.0.1", endpoint.port}, {});
        if (!socket) return socket;
        const Nanoseconds deadline = clock_.monotonic() + std::chrono::seconds(5);
        if (!wait_for(*socket, true, clock_, deadline, stop)) return fail(Code::unavailable, "stopped");
        EM_TRY(socket->connect_status());
        return socket;
    }

    static Result<std::string> take(Dialogue& client, std::size_t size) {
        std::string text(size, '\0');
        EM_TRY(client.receive(std::as_writable_bytes(std::span(text.data(), size))));
        return text;
    }
    static Result<std::string> take_counted(Dialogue& client) {
        EM_ASSIGN(const std::string size, take(client, 1));
        return take(client, static_cast<unsigned char>(size[0]));
    }

    Status socks_login(Dialogue& client) {
        EM_ASSIGN(const std::string head, take(client, 1));
        EM_ASSIGN(const std::string methods, take_counted(client));
        const char method = user_.empty() ? '\0' : '\x02';
        if (head[0] != 5 || methods.find(method) == std::string::npos) {
            EM_TRY(client.send(std::string("\x05\xff", 2)));
            return fail(Code::refused, "method");
        }
        EM_TRY(client.send(std::string{5, method}));
        if (user_.empty()) return {};
        EM_ASSIGN([[maybe_unused]] const std::string version, take(client, 1));
        EM_ASSIGN(const std::string user, take_counted(client));
        EM_ASSIGN(const std::string password, take_counted(client));
        const bool fits = user == user_ && password == password_;
        EM_TRY(client.send(std::string{1, fits ? '\0' : '\x01'}));
        if (!fits) return fail(Code::refused, "login");
        return {};
    }

    Result<os::Socket> socks(Dialogue& client) {
        EM_TRY(socks_login(client));
        EM_ASSIGN(const std::string head, take(client, 4));
        if (head[3] == 3) {
            EM_ASSIGN([[maybe_unused]] const std::string name, take_counted(client));
        } else {
            EM_ASSIGN([[maybe_unused]] const std::string bytes, take(client, head[3] == 1 ? 4 : 16));
        }
        EM_ASSIGN(const std::string port, take(client, 2));
        const int number = static_cast<unsigned char>(port[0]) << 8 | static_cast<unsigned char>(port[1]);
        auto target = reach({"", static_cast<std::uint16_t>(number)}, {});
        const char reply = target ? '\0' : '\x05';
        EM_TRY(client.send(std::string{5, reply, 0, 3, 2, 'm', 'e', 0, 0}));
        return target;
    }

    Result<os::Socket> http(Dialogue& client) {
        EM_ASSIGN(const std::string request, client.receive_until("\r\n\r\n", 4096));
        const std::string login = "Proxy-Authorization: Basic " + base64(user_ + ':' + password_) + "\r\n";
        if (!user_.empty() && request.find(login) == std::string::npos) {
            EM_TRY(client.send("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
            return fail(Code::refused, "login");
        }
        const std::size_t end = request.find(" HTTP/1.1");
        EM_ASSIGN(const os::Endpoint endpoint, os::parse_endpoint(request.substr(8, end - 8)));
        auto target = reach(endpoint, {});
        EM_TRY(client.send(target ? "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n"
                                  : "HTTP/1.1 502 Bad Gateway\r\n\r\n"));
        return target;
    }

    const os::SystemClock clock_;
    Kind kind_;
    std::string user_, password_;
    os::Socket listener_;
    std::atomic<int> served_{0}, refused_{0};
    std::list<StreamPair> pairs_;
    os::Thread thread_;
};

}  // namespace euromesh::sync
