#include "base/result.hpp"

#include "base/assert.hpp"

namespace euromesh {
namespace {

struct Row {
    Code code;
    std::string_view name;
    int exit;
};

// The one table from codes to the outside. 2 is also what the command line parser uses for wrong usage.
constexpr Row rows[] = {
    {Code::bad_input, "bad_input", 2},     {Code::not_found, "not_found", 3},
    {Code::conflict, "conflict", 4},       {Code::refused, "refused", 5},
    {Code::unavailable, "unavailable", 6}, {Code::no_space, "no_space", 7},
    {Code::corrupted, "corrupted", 8},     {Code::cancelled, "cancelled", 130},
    {Code::internal, "internal", 70},
};

const Row& row_of(Code code) {
    for (const Row& row : rows) {
        if (row.code == code) return row;
    }
    EM_ASSERT(false, "every code has a row");
    return rows[0];
}

}  // namespace

std::string_view name_of(Code code) {
    return row_of(code).name;
}
int exit_status(Code code) {
    return row_of(code).exit;
}

}  // namespace euromesh
