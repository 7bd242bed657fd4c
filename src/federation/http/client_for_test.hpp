// A client that does as it is told, byte by byte, also what no decent client would do. For tests only.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "base/os/socket.hpp"
#include "base/os/system_clock.hpp"
#include "base/os/tls.hpp"

namespace euromesh::federation {

class TestClient {
  public:
    explicit TestClient(std::uint16_t port, const os::TlsContext* tls = nullptr) {
        auto opened = os::Socket::connect(os::Endpoint{"127.0.0.1", port}, {});
        REQUIRE(opened);
        stream_ = tls == nullptr ? os::make_plain_stream(std::move(*opened))
                                 : os::make_tls_stream(std::move(*opened), *tls, os::StreamRole::dials);
        wait(false, true);
        if (!stream_->socket().connect_status()) is_over_ = true;
        while (!is_over_) {
            const auto done = stream_->handshake();
            if (!done) is_over_ = true;
            if (!done || *done) break;
            wait(true, stream_->has_unsent());
        }
    }

    void send(std::string_view text) {
        while (!text.empty() && !is_over_) {
            const auto bytes = std::as_bytes(std::span(text));
            const auto sent = stream_->write(bytes, {});
            if (!sent || !stream_->flush()) is_over_ = true;
            if (is_over_) return;
            text.remove_prefix(*sent);
            if (*sent == 0) wait(false, true);
        }
        while (!is_over_ && stream_->has_unsent()) {
            wait(false, true);
            if (!stream_->flush()) is_over_ = true;
        }
    }

    // One answer with a length, or what came before the end of the connection. HEAD has no body.
    std::string answer(bool is_head = false) {
        receive_until([&] { return answer_size(is_head) != std::string::npos; });
        const std::size_t size = std::min(answer_size(is_head), received_.size());
        std::string one = received_.substr(0, size);
        received_.erase(0, size);
        return one;
    }

    std::string ask(std::string_view text) {
        send(text);
        return answer();
    }

    // All until the server ends the connection.
    std::string rest() {
        receive_until([] { return false; });
        return std::exchange(received_, "");
    }

    // Whether the text has come; what came before and with it stays.
    bool sees(const std::string& text) {
        receive_until([&] { return received_.find(text) != std::string::npos; });
        return received_.find(text) != std::string::npos;
    }

    bool is_over() const { return is_over_; }
    os::Socket& socket() { return stream_->socket(); }
    std::string& received() { return received_; }

  private:
    void wait(bool read, bool write) {
        os::WaitItem item{&stream_->socket(), read, write};
        os::wait_ready({&item, 1}, std::chrono::milliseconds(100));
    }

    template <class Done>
    void receive_until(Done done) {
        const os::SystemClock clock;
        const Nanoseconds end = clock.monotonic() + std::chrono::seconds(60);
        while (!is_over_ && !done()) {
            REQUIRE_MESSAGE(clock.monotonic() < end, "the server has not answered for a minute");
            std::byte room[16384];
            const auto got = stream_->read(room);
            if (!got) is_over_ = true;
            if (got && *got == 0) wait(true, false);
            if (got) received_.append(reinterpret_cast<const char*>(room), *got);
        }
    }

    // npos: not all there.
    std::size_t answer_size(bool is_head) const {
        const std::size_t head = received_.find("\r\n\r\n");
        if (head == std::string::npos) return std::string::npos;
        if (received_.starts_with("HTTP/1.1 100 ")) return head + 4;
        const std::size_t length = received_.find("Content-Length: ");
        const bool has_body = length < head && !is_head;
        const std::size_t size = head + 4 + (has_body ? std::stoul(received_.substr(length + 16, 20)) : 0);
        return received_.size() >= size ? size : std::string::npos;
    }

    std::unique_ptr<os::Stream> stream_;
    std::string received_;
    bool is_over_ = false;
};

inline int status_in(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::string body_in(const std::string& answer) {
    const std::size_t head = answer.find("\r\n\r\n");
    return head == std::string::npos ? "" : answer.substr(head + 4);
}

}  // namespace euromesh::federation
