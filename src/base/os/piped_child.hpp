// A child process whose standard input and output are a socket: `ssh -W`, a site's own transfer command.
//
// Its standard error is kept as far as its last line, for messages; what is not read is thrown away and never
// blocks it. The child is its own process group, and ends, with its own children, when the object goes. When
// this process dies its end of the socket closes, which is how such programs learn to end.
//
// Thread rule: one thread at a time; start() from any. Never through a shell.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::os {

class PipedChild {
  public:
    // arguments[0] is a path, or a name that is searched in PATH. The socket is this side's end.
    // not_found: no such program.
    static Result<std::pair<PipedChild, Socket>> start(const std::vector<std::string>& arguments);
    PipedChild(PipedChild&& other) noexcept;
    PipedChild& operator=(PipedChild&& other) noexcept;
    ~PipedChild();

    // 0..255, or 128 + signal; nothing while it runs.
    std::optional<int> exit_status();
    // The last line of its standard error so far, printable, at most 300 bytes.
    std::string last_words();
    int process_id() const { return pid_; }

  private:
    PipedChild(int pid, int errors) : pid_(pid), errors_(errors) {}
    int pid_ = -1;
    int errors_ = -1;
    std::optional<int> status_;
    std::string said_;
};

}  // namespace euromesh::os
