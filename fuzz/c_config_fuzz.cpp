// The configuration of the C interface: read, or one error that names the key.
#include "bindings/c/session_config.hpp"

#include "base/os/system_clock.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    static const os::SystemClock clock;
    const auto read = c::read_config(input.text(), clock);
    if (read) {
        EM_ASSERT(read->session.self < read->session.sites.size(), "a site is one of its run");
    } else {
        EM_ASSERT(!read.error().message.empty(), "an error says what is wrong");
    }
}

}  // namespace euromesh::fuzz
