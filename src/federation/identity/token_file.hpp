// A person's log-in between two calls of the program: one file, readable by its owner only.
//
// Written temp + fsync + rename. A file that others can read is refused, as its tokens may be known already.
// The texts of tokens never appear in messages. Thread rule: plain functions, any thread.
#pragma once

#include <string>

#include "base/os/file.hpp"
#include "federation/identity/token_answer.hpp"

namespace euromesh::federation {

struct StoredLogin {
    std::string issuer;
    std::string client;
    std::string resource;
    std::string subject;  // of the ID token; for `whoami --local`, never for decisions
    std::string name;
    TokenSet tokens;
};

// bad_input: not such a file; not_found: nobody is logged in; refused: others may read it.
Result<StoredLogin> read_login(const os::Path& file);
Status write_login(const os::Path& file, const StoredLogin& login);

}  // namespace euromesh::federation
