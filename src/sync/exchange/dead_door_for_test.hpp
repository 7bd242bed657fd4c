// An IPv6 address at which nothing ever answers, not even a refusal: a listener whose queue is full, so that
// the kernel drops every further request to connect. Stands for an address that leads nowhere.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "base/os/socket.hpp"

namespace euromesh::sync {

class DeadDoor {
  public:
    DeadDoor() : listener_(os::Socket::listen({"::1", 0}, {}).value()) {
        // One at a time: the queue is full when the first one hangs.
        for (int i = 0; i < 300; ++i) {
            crowd_.push_back(os::Socket::connect(address(), {}).value());
            os::WaitItem item{&crowd_.back(), false, true, false, false};
            os::wait_ready({&item, 1}, std::chrono::milliseconds(30));
            if (!item.writable) return;
        }
        FAIL("the queue of a listener never fills");
    }
    os::Address address() const {
        return os::look_up({"::1", listener_.local_port()}, os::Family::any).value().front();
    }

  private:
    os::Socket listener_;
    std::vector<os::Socket> crowd_;
};

}  // namespace euromesh::sync
