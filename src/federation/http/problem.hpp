// Problem documents (RFC 9457): every answer of the server that is no success has this form.
//
// Why: a program that calls us needs one shape of error, a person one sentence that says what would be right.
// The one table from Code to HTTP status is here. What is a defect of ours, or damage on our side, is told
// outside by its request id only; the log has the rest. Plain values: no thread rule.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace euromesh::federation {

// One wrong place in a JSON document.
struct BodyFault {
    std::string pointer;  // RFC 6901: "/resources/node_count"; empty for the whole document
    std::string message;  // what would be right
    bool operator==(const BodyFault&) const = default;
};

struct Problem {
    int status = 500;
    std::string name{};    // kebab-case; the type is /problems/NAME
    std::string detail{};  // what is wrong and what would be right, one line
    std::vector<BodyFault> faults{};
    // Further headers: Allow, Retry-After, WWW-Authenticate.
    std::vector<std::pair<std::string, std::string>> headers{};
    // Further members of the document ("rule": "civilian-use"); an object, or null for none.
    Json members = nullptr;
};

// 400 bad_input, 404, 409, 403 refused, 503 unavailable and cancelled, 507, 500.
int http_status_of(Code code);
// "Not Found"; "Unknown" for a number that is no status of ours.
std::string_view title_of(int status);

Problem problem_of(const Error& error);
// 401, with the header that RFC 6750 asks for.
Problem not_authenticated(std::string_view detail);
Problem simple_problem(int status, std::string_view name, std::string detail);

// application/problem+json, one line. Text that is not UTF-8 is repaired.
std::string problem_text(const Problem& problem, std::string_view request_id);

}  // namespace euromesh::federation
