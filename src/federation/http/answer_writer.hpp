// Answers as bytes of HTTP/1.1.
//
// Every answer names its request and forbids guessing its type. What a handler put into a header cannot end
// it: control characters are left out. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "federation/http/call.hpp"

namespace euromesh::federation {

struct AnswerFrame {
    std::string_view request_id{};
    bool keeps_alive = true;
    bool is_head = false;    // the length is told, the body left out
    bool has_length = true;  // false: the body ends with the connection (events)
};

std::string answer_bytes(const HttpAnswer& answer, const AnswerFrame& frame);
inline constexpr std::string_view continue_bytes = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace euromesh::federation
