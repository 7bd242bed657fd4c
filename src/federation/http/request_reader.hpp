// One HTTP/1.1 request out of bytes (RFC 9112), strictly: what two readers could understand differently is
// refused, so that nobody can hide a request from a proxy in front of us or from us.
//
// Refused: bare CR or LF, folded headers, space before a colon, control characters, Content-Length beside
// Transfer-Encoding, either of them twice, any transfer coding but chunked, no Host, and what is over a
// limit. A test holds what is accepted against a second, independent reader.
//
// Pure, one thread. It reads one request; reset() makes it ready for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "federation/http/call.hpp"
#include "federation/http/problem.hpp"

namespace euromesh::federation {

struct RequestHead {
    std::string method{};
    std::string target{};   // "/path?query", or "*"
    int minor_version = 1;  // of HTTP/1
    TextPairs headers{};    // names in lower case, values without white space around
    std::optional<std::uint64_t> content_length{};
    bool is_chunked = false;
    bool keeps_alive = true;
    bool expects_continue = false;

    bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
    const std::string* header(std::string_view lower_case_name) const;
};

class RequestReader {
  public:
    explicit RequestReader(std::size_t header_bytes) : header_bytes_(header_bytes) {}

    enum class Step { more, head, done, wrong };
    // `bytes` is all that has come and was not used before; says in `used` how many of them it has taken.
    // Step::head comes once for each request, before any byte of its body is used. After `wrong` see
    // problem(); the connection is of no further use.
    Step feed(std::string_view bytes, std::size_t& used);
    // To be called between head and body: more bytes than these give 413.
    void set_body_limit(std::uint64_t bytes) { body_limit_ = bytes; }
    void reset();

    const RequestHead& head() const { return head_; }
    std::string take_body() { return std::move(body_); }
    const Problem& problem() const { return problem_; }

  private:
    enum class State { head, body, chunk_size, chunk_data, chunk_end, trailer, done };
    Step wrong(int status, std::string_view name, std::string detail);
    Step read_head(std::string_view bytes, std::size_t& used);
    Step read_body(std::string_view bytes, std::size_t& used);
    Step read_chunk_line(std::string_view bytes, std::size_t& used);
    Step read_chunk_data(std::string_view bytes, std::size_t& used);
    Step read_chunk_end(std::string_view bytes, std::size_t& used);
    Step read_trailer(std::string_view bytes, std::size_t& used);
    // The next line without its CRLF; nothing: not all there, or wrong (then problem() says).
    std::optional<std::string_view> next_line(std::string_view bytes, std::size_t& used, std::size_t most);

    std::size_t header_bytes_;
    State state_ = State::head;
    std::size_t searched_ = 0;
    std::uint64_t body_limit_ = 0;
    std::uint64_t left_ = 0;  // of the body or the chunk
    std::size_t trailer_bytes_ = 0;
    RequestHead head_{};
    std::string body_{};
    Problem problem_{};
};

// The head alone, up to and with its empty line. For tests and the reader.
std::optional<Problem> parse_head(std::string_view text, RequestHead& head);

}  // namespace euromesh::federation
