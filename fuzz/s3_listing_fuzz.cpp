// Documents of an object store: listings and errors.
#include "fuzz/input.hpp"
#include "sync/exchange/s3_store_listing.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const std::string_view text = input.text();
    (void)sync::parse_s3_listing(text);
    EM_ASSERT(sync::s3_error_code(text).size() <= text.size(), "a code is a part of the document");
    const std::string encoded = sync::percent_encoded(text);
    EM_ASSERT(encoded.size() >= text.size() && encoded.size() <= 3 * text.size(),
              "a byte becomes one or three");
    EM_ASSERT(std::ranges::all_of(encoded, [](char c) { return c > ' ' && c < 127; }), "and is printable");
}

}  // namespace euromesh::fuzz
