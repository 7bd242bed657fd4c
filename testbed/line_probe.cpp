// line_probe serve PORT | line_probe ask HOST:PORT SECONDS: round trip and rate of a line, by one TCP
// connection.
//
// `ask` prints "rtt_ms R rate_mbit_s R": the least of ten round trips of one byte, and what arrives at the
// other end in the second half of SECONDS, when TCP has found its pace. `serve` answers one connection and
// ends. Thread rule: one thread.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/os/socket.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::testbed {
namespace {

using os::Socket;
using Buffer = std::vector<std::byte>;

constexpr int round_trips = 10;
constexpr Nanoseconds patience = std::chrono::seconds(20);

double seconds_of(Nanoseconds time) {
    return static_cast<double>(time.count()) * 1e-9;
}

Status wait_for(const Socket& socket, bool to_write) {
    os::WaitItem item{&socket, !to_write, to_write};
    os::wait_ready(std::span(&item, 1), patience);
    if (item.readable || item.writable) return {};
    return fail(Code::unavailable, "nothing for {:.0f} s", seconds_of(patience));
}

Result<std::size_t> read_some(Socket& socket, Buffer& buffer) {
    for (;;) {
        EM_ASSIGN(const std::size_t got, socket.receive(buffer));
        if (got > 0) return got;
        EM_TRY(wait_for(socket, false));
    }
}

Status write_byte(Socket& socket, std::byte value) {
    const iovec piece{&value, 1};
    EM_ASSIGN(const std::size_t sent, socket.send(std::span(&piece, 1)));
    return sent == 1 ? Status() : fail(Code::unavailable, "a byte found no room");
}

// Bytes that arrive between half and all of the time.
Result<double> measure_rate(Socket& socket, double seconds, const Clock& clock) {
    Buffer buffer(1u << 20);
    std::size_t bytes = 0;
    double from = 0;
    const Nanoseconds begin = clock.monotonic();
    for (;;) {
        EM_ASSIGN(const std::size_t got, read_some(socket, buffer));
        const double now = seconds_of(clock.monotonic() - begin);
        if (now < seconds / 2) continue;
        if (from == 0) {
            from = now;
            continue;
        }
        bytes += got;
        if (now >= seconds) return static_cast<double>(bytes) * 8e-6 / (now - from);
    }
}

Result<double> measure_round_trip(Socket& socket, const Clock& clock) {
    double least = 1e9;
    Buffer buffer(1);
    for (int i = 0; i < round_trips; ++i) {
        const Nanoseconds begin = clock.monotonic();
        EM_TRY(write_byte(socket, std::byte{'?'}));
        EM_TRY(read_some(socket, buffer));
        least = std::min(least, seconds_of(clock.monotonic() - begin));
    }
    return least;
}

Status ask(const std::string& where, double seconds) {
    const os::SystemClock clock;
    EM_ASSIGN(const os::Endpoint endpoint, os::parse_endpoint(where));
    EM_ASSIGN(Socket socket, Socket::connect(endpoint, {}));
    EM_TRY(wait_for(socket, true));
    EM_TRY(socket.connect_status());
    EM_ASSIGN(const double round_trip, measure_round_trip(socket, clock));
    EM_TRY(write_byte(socket, std::byte{'!'}));
    EM_ASSIGN(const double rate, measure_rate(socket, seconds, clock));
    std::printf("rtt_ms %.2f rate_mbit_s %.1f\n", round_trip * 1e3, rate);
    return {};
}

Status answer(Socket& socket) {
    Buffer one(1);
    for (;;) {
        EM_TRY(read_some(socket, one));
        if (one[0] == std::byte{'!'}) break;
        EM_TRY(write_byte(socket, one[0]));
    }
    Buffer zeros(1u << 20);
    for (;;) {
        const iovec piece{zeros.data(), zeros.size()};
        const auto sent = socket.send(std::span(&piece, 1));
        if (!sent) return {};  // the other side has what it wanted
        if (*sent == 0) EM_TRY(wait_for(socket, true));
    }
}

Status serve(std::uint16_t port) {
    EM_ASSIGN(Socket listener, Socket::listen({"0.0.0.0", port}, {}));
    std::printf("listening %d\n", listener.local_port());
    std::fflush(stdout);
    for (;;) {
        EM_TRY(wait_for(listener, false));
        EM_ASSIGN(auto socket, listener.accept({}));
        if (socket) return answer(*socket);
    }
}

Status run(const std::vector<std::string>& words) {
    if (words.size() == 3 && words[1] == "serve")
        return serve(static_cast<std::uint16_t>(std::strtoul(words[2].c_str(), nullptr, 10)));
    if (words.size() == 4 && words[1] == "ask") return ask(words[2], std::strtod(words[3].c_str(), nullptr));
    return fail(Code::bad_input, "usage: line_probe serve PORT | line_probe ask HOST:PORT SECONDS");
}

}  // namespace
}  // namespace euromesh::testbed

int main(int count, char** arguments) {
    const euromesh::Status status = euromesh::testbed::run({arguments, arguments + count});
    if (status) return 0;
    std::fprintf(stderr, "line_probe: %s\n", status.error().message.c_str());
    return euromesh::exit_status(status.error().code);
}
