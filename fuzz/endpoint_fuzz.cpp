// Addresses and names as people write them: what parses is written the same way again.
#include "base/id.hpp"
#include "base/os/socket.hpp"
#include "fuzz/input.hpp"
#include "sync/exchange/connector.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const std::string_view text = input.text();
    // A host of brackets is no address, and is found out when somebody looks it up.
    if (const auto endpoint = os::parse_endpoint(text);
        endpoint && endpoint->host.find_first_of("[]") == std::string::npos) {
        const auto again = os::parse_endpoint(endpoint->text());
        EM_ASSERT(again && *again == *endpoint, "an address that parses can be written");
    }
    if (const auto connector = sync::parse_connector(text)) {
        const std::string written = connector->text();  // quotes make it longer
        const auto again = sync::parse_connector(written);
        EM_ASSERT(written.size() > 1024 || (again && *again == *connector),
                  "a way out that parses can be written");
    }
    const auto site = SiteId::parse(text, "site");
    EM_ASSERT(site.has_value() == is_valid_id(text), "a name is what is_valid_id says");
    if (site) EM_ASSERT(site->text() == text, "a name is kept as it is");
}

}  // namespace euromesh::fuzz
