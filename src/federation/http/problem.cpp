#include "federation/http/problem.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

struct Row {
    Code code;
    int status;
    std::string_view name;
};

// The one table from codes to HTTP.
constexpr Row rows[] = {
    {Code::bad_input, 400, "bad-input"},     {Code::not_found, 404, "not-found"},
    {Code::conflict, 409, "conflict"},       {Code::refused, 403, "refused"},
    {Code::unavailable, 503, "unavailable"}, {Code::no_space, 507, "no-space"},
    {Code::corrupted, 500, "internal"},      {Code::cancelled, 503, "cancelled"},
    {Code::internal, 500, "internal"},
};

const Row& row_of(Code code) {
    const auto found =
        std::find_if(std::begin(rows), std::end(rows), [&](const Row& row) { return row.code == code; });
    return found == std::end(rows) ? rows[std::size(rows) - 1] : *found;
}

struct Title {
    int status;
    std::string_view text;
};

// IANA, Hypertext Transfer Protocol Status Code Registry.
constexpr Title titles[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

// What a stranger needs not know: paths, defects, damage.
constexpr std::string_view own_fault = "a fault on the server's side; when reporting it, give the request id";

Json faults_json(const std::vector<BodyFault>& faults) {
    Json list = Json::array();
    for (const BodyFault& fault : faults) {
        list.push_back({{"pointer", fault.pointer}, {"detail", fault.message}});
    }
    return list;
}

}  // namespace

int http_status_of(Code code) {
    return row_of(code).status;
}

std::string_view title_of(int status) {
    for (const Title& title : titles) {
        if (title.status == status) return title.text;
    }
    return "Unknown";
}

Problem problem_of(const Error& error) {
    const Row& row = row_of(error.code);
    Problem problem;
    problem.status = row.status;
    problem.name = row.name;
    problem.detail = row.status == 500 ? std::string(own_fault) : error.message;
    if (row.status == 503) problem.headers.emplace_back("Retry-After", "1");
    return problem;
}

Problem not_authenticated(std::string_view detail) {
    Problem problem = simple_problem(401, "not-authenticated", std::string(detail));
    problem.headers.emplace_back("WWW-Authenticate", "Bearer");
    return problem;
}

Problem simple_problem(int status, std::string_view name, std::string detail) {
    Problem problem;
    problem.status = status;
    problem.name = name;
    problem.detail = std::move(detail);
    return problem;
}

std::string problem_text(const Problem& problem, std::string_view request_id) {
    Json document = {{"type", "/problems/" + problem.name},
                     {"title", title_of(problem.status)},
                     {"status", problem.status},
                     {"detail", problem.detail},
                     {"request_id", request_id}};
    if (!problem.faults.empty()) document["errors"] = faults_json(problem.faults);
    if (problem.members.is_object()) document.update(problem.members);
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace euromesh::federation
