// What one relay says to another: before it has proved that it knows the secret, and after.
#include "base/os/folder.hpp"
#include "fuzz/input.hpp"
#include "sync/exchange/relay_link.hpp"

namespace euromesh::fuzz {
namespace {

constexpr int turns_most = 200;
const std::string secret = "a secret of both relays";

struct Spool {
    explicit Spool(const char* name) : root(scratch_folder() / name), store(root) {
        std::filesystem::remove_all(root);
        EM_ASSERT(os::make_folders(root).has_value(), "a folder can be made");
    }
    os::Path root;
    sync::FolderStore store;
};

std::pair<os::Socket, os::Socket> joined() {
    auto sockets = os::Socket::pair();
    EM_ASSERT(sockets.has_value(), "a pair of sockets can be made");
    return std::move(*sockets);
}

// All that `from` has said goes on to `to`.
void carry(os::Socket& from, os::Socket& to) {
    std::byte room[65536];
    const std::size_t count = from.receive(room).value_or(0);
    const iovec piece{room, count};
    if (count > 0) (void)to.send({&piece, 1});
}

void feed(sync::RelayLink& link, os::Socket& line, Input input) {
    const auto bytes = input.rest();
    const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
    if (!bytes.empty() && line.send({&piece, 1}).value_or(0) != bytes.size()) return;
    line.shutdown_sending();
    std::byte room[65536];
    for (int turn = 0; turn < turns_most && link.step(true).has_value(); ++turn) (void)line.receive(room);
    (void)link.is_idle();
}

}  // namespace

void try_input(Input input) {
    const bool is_known = input.byte() % 2 == 1;
    Spool here("here"), there("there");
    auto [a, a_line] = joined();
    sync::RelayLink link(here.store, {"a", secret, sync::RelayRole::dials}, std::move(a));
    if (!is_known) {
        feed(link, a_line, input);
        EM_ASSERT(!link.is_known(), "nobody gets in without the secret");
        return;
    }
    auto [b, b_line] = joined();
    sync::RelayLink other(there.store, {"b", secret, sync::RelayRole::listens}, std::move(b));
    for (int turn = 0; turn < turns_most && !(link.is_known() && other.is_known()); ++turn) {
        EM_ASSERT(link.step(true).has_value() && other.step(true).has_value(), "relays of one secret meet");
        carry(a_line, b_line);
        carry(b_line, a_line);
    }
    EM_ASSERT(link.is_known(), "relays of one secret know each other");
    feed(link, a_line, input);
}

}  // namespace euromesh::fuzz
