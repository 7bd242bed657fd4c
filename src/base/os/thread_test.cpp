#include "base/os/thread.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace euromesh::os {
namespace {

int own_priority() {
    return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
}

TEST_CASE("a thread that gives way does so alone") {
    const int before = own_priority();
    int there = before;
    {
        const Thread other([&] {
            give_way();
            there = own_priority();
        });
    }
    CHECK(there == std::max(before, 10));
    CHECK(own_priority() == before);
}

TEST_CASE("there is a processor") {
    CHECK(hardware_threads() >= 1);
}

}  // namespace
}  // namespace euromesh::os
