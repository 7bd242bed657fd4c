// What each problem document's `type` leads to: a page that says what it means and what to do about it.
//
// Why: a type is a URL (RFC 9457), and whoever meets one looks there. GET /problems lists them, GET
// /problems/NAME tells one; Markdown, which people and programs read. Every name that this program gives to a
// problem is in the one table here (problem_pages_test.cpp looks through the sources). Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "federation/http/route.hpp"

namespace euromesh::federation {

struct ProblemKind {
    std::string_view name;
    int status;
    std::string_view meaning;
    std::string_view remedy;
};

std::span<const ProblemKind> problem_kinds();  // by name
std::string problem_list_text();
std::string problem_page_text(const ProblemKind& kind);

// Public routes; to be called before the OpenAPI route is added.
void add_problem_routes(Api& api);

}  // namespace euromesh::federation
