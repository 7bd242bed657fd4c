#include "federation/http/request_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace euromesh::federation {
namespace {

constexpr std::size_t most_headers = 100;
constexpr std::size_t most_target_bytes = 8192;
constexpr std::size_t most_method_bytes = 16;
constexpr std::size_t most_chunk_line_bytes = 256;
constexpr std::size_t most_trailer_bytes = 4096;
// Which header a proxy takes when there are two is anybody's guess.
constexpr std::string_view single_headers[] = {
    "host",   "content-length", "transfer-encoding", "content-type", "authorization", "idempotency-key",
    "expect", "last-event-id",  "x-request-id",      "connection"};

// tchar of RFC 9110, 5.6.2.
bool is_token_char(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

Problem bad(std::string detail) {
    return simple_problem(400, "bad-request", std::move(detail));
}

bool is_header_value(std::string_view value) {
    const auto is_ascii = [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; };
    if (std::all_of(value.begin(), value.end(), is_ascii)) return true;
    std::string without_tabs(value);
    std::replace(without_tabs.begin(), without_tabs.end(), '\t', ' ');
    return is_plain_text(without_tabs);
}

bool is_target(std::string_view target) {
    return std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

// "http://host/path" means "/path" (RFC 9112, 3.2.2).
std::string_view origin_form(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const std::size_t path = target.find_first_of("/?", scheme.size());
        return path == std::string_view::npos || target[path] == '?' ? "/" : target.substr(path);
    }
    return target;
}

std::optional<Problem> parse_request_line(std::string_view line, RequestHead& head) {
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos) {
        return bad("the request line is not 'METHOD /path HTTP/1.1'");
    }
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, second - first - 1);
    const std::string_view version = line.substr(second + 1);
    if (!is_token(method) || method.size() > most_method_bytes) return bad("the method is not a name");
    if (target.size() > most_target_bytes) {
        return simple_problem(414, "too-long", fmt::format("the path has over {} bytes", most_target_bytes));
    }
    if (!is_target(target)) return bad("the path has characters that must be percent-encoded");
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return simple_problem(505, "bad-version", "use HTTP/1.1");
    }
    head.method = method;
    head.target = origin_form(target);
    if (!head.target.starts_with('/') && head.target != "*") return bad("the path must begin with '/'");
    head.minor_version = version.back() - '0';
    return std::nullopt;
}

std::optional<Problem> parse_header(std::string_view line, RequestHead& head) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return bad("a header line is not 'Name: value'");
    }
    std::string name = lower(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_header_value(value)) return bad("header '" + name + "' has control characters or is not UTF-8");
    if (head.headers.size() == most_headers) {
        return simple_problem(431, "too-many-headers", fmt::format("more than {} headers", most_headers));
    }
    const bool is_single =
        std::find(std::begin(single_headers), std::end(single_headers), name) != std::end(single_headers);
    if (is_single && head.header(name) != nullptr) return bad("header '" + name + "' comes twice");
    head.headers.emplace_back(std::move(name), value);
    return std::nullopt;
}

std::optional<std::uint64_t> whole_number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// How long the body is (RFC 9112, 6.3), and nothing that could be read in two ways.
std::optional<Problem> find_framing(RequestHead& head) {
    const std::string* const length = head.header("content-length");
    const std::string* const coding = head.header("transfer-encoding");
    if (length != nullptr && coding != nullptr) return bad("Content-Length and Transfer-Encoding: give one");
    if (length != nullptr) {
        head.content_length = length->size() <= 18 ? whole_number(*length, 10) : std::nullopt;
        if (!head.content_length) return bad("Content-Length is not a whole number");
    }
    if (coding == nullptr) return std::nullopt;
    if (head.minor_version == 0) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (lower(*coding) != "chunked") {
        return simple_problem(501, "bad-coding", "the only Transfer-Encoding is 'chunked'");
    }
    head.is_chunked = true;
    return std::nullopt;
}

bool is_word_list(std::string_view list) {
    while (true) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (!is_token(trimmed(list.substr(0, end)))) return false;
        if (end == list.size()) return true;
        list.remove_prefix(end + 1);
    }
}

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (lower(trimmed(list.substr(0, end))) == word) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

std::optional<Problem> finish_head(RequestHead& head) {
    if (head.minor_version == 1 && head.header("host") == nullptr) return bad("header 'host' is missing");
    const std::string* const connection = head.header("connection");
    if (connection != nullptr && !is_word_list(*connection))
        return bad("header 'connection' is not a list of words");
    const std::string_view words = connection == nullptr ? std::string_view() : *connection;
    head.keeps_alive = head.minor_version == 1 ? !has_word(words, "close")
                                               : has_word(words, "keep-alive") && !has_word(words, "close");
    if (const std::string* const expect = head.header("expect")) {
        if (lower(*expect) != "100-continue") {
            return simple_problem(417, "bad-expectation", "the only expectation is '100-continue'");
        }
        head.expects_continue = head.minor_version == 1;
    }
    return find_framing(head);
}

// CR only before LF, and LF only after CR.
bool has_whole_line_ends(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
    }
    return true;
}

// ";name" or ";name=value", any number of them. Narrower than the standard: no blanks, no quotes.
bool is_extension(std::string_view text) {
    while (!text.empty()) {
        if (text.front() != ';') return false;
        text.remove_prefix(1);
        const std::string_view one = text.substr(0, text.find(';'));
        const std::size_t equals = std::min(one.find('='), one.size());
        if (!is_token(one.substr(0, equals))) return false;
        if (equals < one.size() && !is_token(one.substr(equals + 1))) return false;
        text.remove_prefix(one.size());
    }
    return true;
}

// "1a" or "1a;name=value".
std::optional<std::uint64_t> chunk_size(std::string_view line) {
    const std::size_t end = std::min(line.find(';'), line.size());
    if (end > 15 || !is_extension(line.substr(end))) return std::nullopt;
    return whole_number(line.substr(0, end), 16);
}

bool is_of_framing(const RequestHead& head) {
    constexpr std::array<std::string_view, 5> names{"transfer-encoding", "content-length", "connection",
                                                    "upgrade", "host"};
    return std::any_of(names.begin(), names.end(), [&](auto name) { return head.header(name) != nullptr; });
}

}  // namespace

const std::string* RequestHead::header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers) {
        if (name == lower_case_name) return &value;
    }
    return nullptr;
}

std::optional<Problem> parse_head(std::string_view text, RequestHead& head) {
    head = RequestHead{};
    if (!text.ends_with("\r\n\r\n") || !has_whole_line_ends(text)) return bad("lines must end in CR LF");
    text.remove_suffix(2);
    bool is_first = true;
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        const std::string_view line = text.substr(0, end);
        if (auto problem = is_first ? parse_request_line(line, head) : parse_header(line, head))
            return problem;
        is_first = false;
        text.remove_prefix(end + 2);
    }
    return finish_head(head);
}

void RequestReader::reset() {
    *this = RequestReader(header_bytes_);
}

RequestReader::Step RequestReader::wrong(int status, std::string_view name, std::string detail) {
    problem_ = simple_problem(status, name, std::move(detail));
    state_ = State::done;
    return Step::wrong;
}

RequestReader::Step RequestReader::feed(std::string_view bytes, std::size_t& used) {
    used = 0;
    if (state_ == State::head) return read_head(bytes, used);
    Step step = Step::more;
    while (state_ != State::done && step == Step::more) {
        const std::size_t before = used;
        const State was = state_;
        step = read_body(bytes.substr(used), used);
        if (used == before && state_ == was) break;
    }
    if (step == Step::wrong) return step;
    return state_ == State::done ? Step::done : Step::more;
}

RequestReader::Step RequestReader::read_head(std::string_view bytes, std::size_t& used) {
    if (!bytes.empty() && !is_token_char(bytes.front())) return wrong(400, "bad-request", "this is not HTTP");
    const std::size_t from = searched_ < 3 ? 0 : searched_ - 3;
    const std::size_t end = bytes.find("\r\n\r\n", from);
    searched_ = bytes.size();
    if (end == std::string_view::npos ? bytes.size() >= header_bytes_ : end + 4 > header_bytes_) {
        return wrong(431, "too-large-headers", fmt::format("the headers have over {} bytes", header_bytes_));
    }
    if (end == std::string_view::npos) return Step::more;
    if (auto problem = parse_head(bytes.substr(0, end + 4), head_)) {
        problem_ = std::move(*problem);
        state_ = State::done;
        return Step::wrong;
    }
    used = end + 4;
    left_ = head_.content_length.value_or(0);
    state_ = head_.is_chunked ? State::chunk_size : left_ > 0 ? State::body : State::done;
    return Step::head;
}

RequestReader::Step RequestReader::read_body(std::string_view bytes, std::size_t& used) {
    switch (state_) {
        case State::chunk_size:
            return read_chunk_line(bytes, used);
        case State::chunk_end:
            return read_chunk_end(bytes, used);
        case State::trailer:
            return read_trailer(bytes, used);
        default:
            return read_chunk_data(bytes, used);
    }
}

// Also the whole body when its length was given.
RequestReader::Step RequestReader::read_chunk_data(std::string_view bytes, std::size_t& used) {
    if (body_.size() + left_ > body_limit_) {
        return wrong(413, "too-large", fmt::format("the body has over {} bytes", body_limit_));
    }
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    body_.append(bytes.substr(0, size));
    used += size;
    left_ -= size;
    if (left_ == 0) state_ = state_ == State::body ? State::done : State::chunk_end;
    return Step::more;
}

std::optional<std::string_view> RequestReader::next_line(std::string_view bytes, std::size_t& used,
                                                         std::size_t most) {
    const std::size_t end = bytes.substr(0, most).find('\n');
    if (end == std::string_view::npos) {
        if (bytes.size() >= most) wrong(400, "bad-chunk", "a line between chunks is too long");
        return std::nullopt;
    }
    const std::string_view line = bytes.substr(0, end + 1);
    if (!line.ends_with("\r\n") || !has_whole_line_ends(line)) {
        wrong(400, "bad-chunk", "lines must end in CR LF");
        return std::nullopt;
    }
    used += line.size();
    return line.substr(0, line.size() - 2);
}

RequestReader::Step RequestReader::read_chunk_line(std::string_view bytes, std::size_t& used) {
    const auto line = next_line(bytes, used, most_chunk_line_bytes);
    if (!line) return state_ == State::done ? Step::wrong : Step::more;
    const auto size = chunk_size(*line);
    if (!size) return wrong(400, "bad-chunk", "a chunk's size is not a hexadecimal number");
    left_ = *size;
    state_ = left_ == 0 ? State::trailer : State::chunk_data;
    return Step::more;
}

RequestReader::Step RequestReader::read_chunk_end(std::string_view bytes, std::size_t& used) {
    if (bytes.size() < 2) return Step::more;
    if (!bytes.starts_with("\r\n")) return wrong(400, "bad-chunk", "a chunk is longer than it says");
    used += 2;
    state_ = State::chunk_size;
    return Step::more;
}

// Trailers are read over: nothing of ours is in them, and nothing that says where a request ends or what
// becomes of its connection may be (RFC 9110, 6.5.1): somebody on the way might believe it.
RequestReader::Step RequestReader::read_trailer(std::string_view bytes, std::size_t& used) {
    const std::size_t before = used;
    const auto line = next_line(bytes, used, most_trailer_bytes);
    if (!line) return state_ == State::done ? Step::wrong : Step::more;
    trailer_bytes_ += used - before;
    if (trailer_bytes_ > most_trailer_bytes)
        return wrong(431, "too-large-headers", "the trailers are too long");
    RequestHead trailer;
    if (line->empty())
        state_ = State::done;
    else if (parse_header(*line, trailer))
        return wrong(400, "bad-chunk", "a trailer line is not 'Name: value'");
    else if (is_of_framing(trailer))
        return wrong(400, "bad-chunk", "a trailer must not be one of framing, connection or host");
    return Step::more;
}

}  // namespace euromesh::federation
