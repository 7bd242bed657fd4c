// Waiting for a file descriptor that a foreign library owns (a data base's client, say).
//
// Our own sockets are waited for by wait_ready() of base/os/socket.hpp. Any thread.
#pragma once

#include "base/clock.hpp"

namespace euromesh::os {

struct DescriptorWait {
    bool read = true;
    bool write = false;
};

// One of the wishes, or an error to be met by the next call on it. False: the time is over.
bool wait_for_descriptor(int descriptor, DescriptorWait wish, Nanoseconds timeout);

}  // namespace euromesh::os
