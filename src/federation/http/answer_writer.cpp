#include "federation/http/answer_writer.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    std::copy_if(value.begin(), value.end(), std::back_inserter(out),
                 [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
    out.append("\r\n");
}

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace

std::string answer_bytes(const HttpAnswer& answer, const AnswerFrame& frame) {
    const bool has_body = may_have_body(answer.status);
    std::string out;
    out.reserve(256 + answer.body.size());
    out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ");
    out.append(title_of(answer.status)).append("\r\n");
    if (has_body && !answer.content_type.empty()) append_header(out, "Content-Type", answer.content_type);
    if (has_body && frame.has_length)
        append_header(out, "Content-Length", std::to_string(answer.body.size()));
    append_header(out, "X-Request-Id", frame.request_id);
    append_header(out, "X-Content-Type-Options", "nosniff");
    const bool is_cached = std::any_of(answer.headers.begin(), answer.headers.end(),
                                       [](const auto& header) { return header.first == "Cache-Control"; });
    if (!is_cached) append_header(out, "Cache-Control", "no-store");
    if (!frame.keeps_alive) append_header(out, "Connection", "close");
    for (const auto& [name, value] : answer.headers) append_header(out, name, value);
    out.append("\r\n");
    if (has_body && !frame.is_head) out.append(answer.body);
    return out;
}

}  // namespace euromesh::federation
