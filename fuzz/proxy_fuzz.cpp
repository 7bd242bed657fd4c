// What a proxy answers, and the files that name a login or a secret: a stream begins, or one error tells why
// not.
#include "base/os/system_clock.hpp"
#include "fuzz/input.hpp"
#include "sync/exchange/proxy.hpp"
#include "sync/exchange/relay_link.hpp"

namespace euromesh::fuzz {
namespace {

void check_answers(bool socks, const std::optional<sync::Login>& login, std::string_view answers) {
    static const os::SystemClock clock;
    auto sockets = os::Socket::pair();
    EM_ASSERT(sockets.has_value(), "a pair of sockets can be made");
    auto& [ours, theirs] = *sockets;
    const iovec piece{const_cast<char*>(answers.data()), answers.size()};
    if (theirs.send({&piece, 1}).value_or(0) != answers.size()) return;
    theirs.shutdown_sending();
    sync::Dialogue proxy(ours, clock, std::chrono::seconds(1), {}, "proxy");
    const os::Endpoint endpoint{"site.example", 443};
    const Status asked =
        socks ? sync::ask_socks5(proxy, endpoint, login) : sync::ask_http(proxy, endpoint, login);
    if (!asked) EM_ASSERT(asked.error().message.find("a password") == std::string::npos, "no secret is told");
}

void check_files(std::span<const std::byte> bytes) {
    static MemoryFile file;
    file.fill(bytes);
    const auto login = sync::read_login(file.path());
    if (login) EM_ASSERT(!login->user.empty(), "a login has a user");
    const auto secret = sync::read_relay_secret(file.path());
    if (secret) EM_ASSERT(secret->size() >= 16, "a secret is long enough");
}

}  // namespace

void try_input(Input input) {
    const std::uint8_t choice = input.byte();
    if (choice % 4 == 3) return check_files(input.rest());
    std::optional<sync::Login> login;
    if (choice % 8 >= 4) login = sync::Login{"user", "a password"};
    check_answers(choice % 2 == 0, login, input.text());
}

}  // namespace euromesh::fuzz
