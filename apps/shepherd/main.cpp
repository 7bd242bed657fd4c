// euromesh-shepherd JOURNAL MARKER: the guard of one local job (src/federation/batch/shepherd.hpp). Started
// by the site agent, never by people.
#include <cstdio>

#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"
#include "federation/batch/shepherd.hpp"

int main(int count, char** arguments) {
    using namespace euromesh;
    if (count != 3) {
        std::fputs("euromesh-shepherd guards a job of a site agent, which starts it itself\n", stderr);
        return exit_status(Code::bad_input);
    }
    os::watch_for_stop();
    const os::SystemClock clock;
    const Status tended = federation::tend_job({arguments[1]}, arguments[2], clock);
    if (tended) return 0;
    std::fprintf(stderr, "%s\n", tended.error().message.c_str());
    return exit_status(tended.error().code);
}
