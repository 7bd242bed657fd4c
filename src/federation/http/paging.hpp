// Lists in pages: a limit, a cursor that is opaque to the client, and a Link header to the next page.
//
// A cursor is a text of the handler (the last key shown) with the list's name, so that one of another list is
// refused; it is no secret and proves nothing: a handler checks what it may show as for any other call.
// Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "federation/http/call.hpp"

namespace euromesh::federation {

struct Page {
    std::size_t limit = 100;
    std::string after{};  // the key of the last row of the page before; empty: from the start
};

struct PageLimits {
    std::size_t usual = 100;
    std::size_t most = 1000;
};

// From the query ?limit=&cursor=. bad_input: not a number from 1 to the most, or not a cursor of this list.
Result<Page> parse_page(const HttpCall& call, std::string_view list, PageLimits limits = {});
std::string make_cursor(std::string_view list, std::string_view after);
// Adds `Link: <PATH?...&cursor=...>; rel="next"` (RFC 8288), keeping the other query values of the call.
void add_next_link(HttpAnswer& answer, const HttpCall& call, std::string_view cursor);

}  // namespace euromesh::federation
